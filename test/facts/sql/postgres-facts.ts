import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase, type TestServer } from '../../support/database.ts';
import { openSourceFacts, type SourceFacts } from './source-facts.ts';

// Apart from `host-facts.ts`, which the fault tests use too: they have no shared server.

/** Facts in a PostgreSQL database of the suite, which exist while its tests run. */
export interface PostgresFacts {
  readonly client: Client;
  readonly facts: SourceFacts;
}

/** Creates a database for the suite. `prepare` fills it, and returns the kinds of facts. */
export function usePostgresFacts(
  server: TestServer,
  prepare: (client: Client) => Promise<string>,
): PostgresFacts {
  let database: Awaited<ReturnType<typeof createTestDatabase>> | undefined;
  let client: Client | undefined;
  let facts: SourceFacts | undefined;
  beforeAll(async () => {
    database = await createTestDatabase(server, 'template1');
    client = new Client({ connectionString: database.url.reveal() });
    await client.connect();
    facts = await openSourceFacts(database.url.reveal(), await prepare(client));
  });
  afterAll(async () => {
    await facts?.hosts.close();
    await client?.end();
    await database?.drop();
  });
  return {
    get client() {
      return client!;
    },
    get facts() {
      return facts!;
    },
  };
}
