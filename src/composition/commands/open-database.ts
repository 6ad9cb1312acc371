import type { FindDecision } from '../../audit/audit-event.ts';
import { createFindDecision } from '../../audit/lookup.ts';
import { createRetention, type Prune } from '../../audit/retention.ts';
import type { Config } from '../../config/load.ts';
import { createDatabase, type Database } from '../../database/client.ts';
import { connectOrStart } from '../../database/embedded/connect-or-start.ts';
import { prepareDatabase } from '../../database/prepare-database.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Secret } from '../../runtime/secret.ts';

/** What is on record, for a command. */
export interface Records {
  readonly findDecision: FindDecision;
  readonly pruneDecisions: Prune;
  readonly pruneSignals: Prune;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A command says what it found, and leaves the rest to the service; what goes wrong is told. */
const log = { info: () => undefined, error: console.error };

/** Opens what is on record beside a running Usher or without one, and closes it again. Throws `Unavailable` and `StartRefused`. */
export function withRecords<T>(config: Config, use: (records: Records) => Promise<T>): Promise<T> {
  return withDatabase(config, (database) =>
    use({
      findDecision: createFindDecision(database),
      ...createRetention(database),
      now: systemClock.now,
    }),
  );
}

/** Opens the database that the service uses, beside it or without one, and closes it again. Throws `Unavailable` and `StartRefused`. */
export function withDatabase<T>(
  config: Config,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  return withPrepared(config, async (prepared) => {
    const database = createDatabase(prepared);
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  });
}

/** A database with the tables of this version. */
export interface Prepared {
  readonly url: Secret;
  readonly schema: string;
  readonly role: string | undefined;
}

/**
 * Prepares the database of a configuration for the time of `use`; `reach` opens an embedded one. Throws `Unavailable` and
 * `StartRefused`.
 */
export async function withPrepared<T>(
  { database: where }: Config,
  use: (database: Prepared) => Promise<T>,
  reach: typeof connectOrStart = connectOrStart,
): Promise<T> {
  const server =
    'dataDir' in where
      ? await reach({ dataDir: where.dataDir, log })
      : { url: where.url, stop: () => Promise.resolve() };
  try {
    const { schema } = where;
    const { role } = await prepareDatabase(server.url, { schema });
    return await use({ url: server.url, schema, role });
  } finally {
    await server.stop();
  }
}
