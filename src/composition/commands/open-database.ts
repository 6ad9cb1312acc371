import type { FindDecision } from '../../audit/audit-event.ts';
import { findDecision } from '../../audit/find-decisions.ts';
import { pruneDecisions, pruneSecurityEvents, type PruneOptions } from '../../audit/retention.ts';
import { createShadowReport, type ReadShadowReport } from '../../audit/shadow-report.ts';
import type { Config } from '../../config/load.ts';
import { createDatabase, type Database } from '../../database/client.ts';
import { connectOrStart } from '../../database/embedded/connect-or-start.ts';
import { prepareDatabase } from '../../database/prepare-database.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Secret } from '../../runtime/secret.ts';

/** The operations of commands on the audit log. */
export interface Records {
  readonly findDecision: FindDecision;
  readonly pruneDecisions: (options: PruneOptions) => Promise<number>;
  readonly pruneSecurityEvents: (options: PruneOptions) => Promise<number>;
  readonly readShadowReport: ReadShadowReport;
  readonly now: () => number;
}

/** Commands print their result and errors, but not the progress of the database. */
const log = { info: () => undefined, error: console.error };

/** Opens the audit log while `use` runs. The service may be running or not. Throws `Unavailable` and `StartRefused`. */
export function withRecords<T>(config: Config, use: (records: Records) => Promise<T>): Promise<T> {
  return withDatabase(config, (database) =>
    use({
      findDecision: (id) => findDecision(database, id),
      pruneDecisions: (options) => pruneDecisions(database, options),
      pruneSecurityEvents: (options) => pruneSecurityEvents(database, options),
      readShadowReport: createShadowReport(database),
      now: systemClock.now,
    }),
  );
}

/**
 * Opens the service's database while `use` runs. The service may be running or not. Throws `Unavailable` and
 * `StartRefused`.
 */
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

/** A database whose tables have the current version. */
export interface Prepared {
  readonly url: Secret;
  readonly schema: string;
  readonly role: string | undefined;
}

/**
 * Prepares the configured database while `use` runs. `openEmbedded` opens an embedded database. Throws `Unavailable`
 * and `StartRefused`.
 */
export async function withPrepared<T>(
  { database: where }: Config,
  use: (database: Prepared) => Promise<T>,
  openEmbedded: typeof connectOrStart = connectOrStart,
): Promise<T> {
  const server =
    'dataDir' in where
      ? await openEmbedded({ dataDir: where.dataDir, log })
      : { url: where.url, stop: () => Promise.resolve() };
  try {
    const { schema } = where;
    const { role } = await prepareDatabase(server.url, { schema });
    return await use({ url: server.url, schema, role });
  } finally {
    await server.stop();
  }
}
