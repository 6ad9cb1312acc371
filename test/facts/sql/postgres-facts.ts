import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase, type TestServer } from '../../support/database.ts';
import { openHostFacts, type HostFacts } from './host-facts.ts';

// Apart from `host-facts.ts`, which the fault tests use too: they have no shared server.

/** Facts in a PostgreSQL database of the suite, which exist while its tests run. */
export interface PostgresFacts {
  readonly client: Client;
  readonly facts: HostFacts;
}

/** Creates a database for the suite. `prepare` fills it, and returns the kinds of facts. */
export function usePostgresFacts(
  server: TestServer,
  prepare: (client: Client) => Promise<string>,
): PostgresFacts {
  let database: Awaited<ReturnType<typeof createTestDatabase>> | undefined;
  let client: Client | undefined;
  let facts: HostFacts | undefined;
  beforeAll(async () => {
    database = await createTestDatabase(server, 'template1');
    client = new Client({ connectionString: database.url.reveal() });
    await client.connect();
    facts = await openHostFacts(database.url.reveal(), await prepare(client));
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
