import type { Client } from 'pg';
import type { Config } from '../../config/load.ts';
import { openConnection } from '../../database/connection.ts';
import { startEmbeddedPostgres } from '../../database/embedded/embedded-postgres.ts';
import { databaseUnavailable } from '../../database/errors.ts';
import { serversOf } from '../../database/servers.ts';
import { setUpSession } from '../../database/session.ts';
import { exportRows } from '../../database/transfer/export-rows.ts';
import { importRows } from '../../database/transfer/import-rows.ts';
import type { Counts } from '../../database/transfer/tables.ts';
import { StartRefused } from '../../runtime/start-refused.ts';
import { withPrepared, type Prepared } from './open-database.ts';

/**
 * Passes an export to `write`, in chunks of whole lines, whether Usher runs or not. Resolves to the number of rows of each
 * table when all is written. Throws `TransferRefused`, `Unavailable`, `StartRefused`, and what `write` throws.
 */
export function exportFrom(
  config: Config,
  write: (chunks: AsyncIterable<string>) => Promise<void>,
): Promise<Counts> {
  return withPrepared(config, (database) =>
    withLogin(database, async (client) => {
      const counts: Record<string, number> = {};
      await write(exportRows(client, database.schema, counts));
      return counts;
    }),
  );
}

/**
 * Imports an export into the database of this configuration; a missing embedded one is created. Resolves to the number of rows of each
 * table. Throws `TransferRefused`, `Unavailable`, `StartRefused`, and what reading the chunks throws; nothing is imported then.
 */
export function importInto(config: Config, chunks: AsyncIterable<Uint8Array>): Promise<Counts> {
  return withPrepared(
    config,
    (database) => withLogin(database, (client) => importRows(client, database.schema, chunks)),
    startEmbeddedPostgres,
  );
}

/** Connects as the login itself, which may read the rows of every tenant. */
async function withLogin<T>(
  { url, schema }: Prepared,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect({ url, schema });
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect({ url, schema }: Pick<Prepared, 'url' | 'schema'>): Promise<Client> {
  const options = { connectionTimeoutMillis: 10_000, application_name: 'usher transfer' };
  // row_security off: PostgreSQL reports hidden rows as an error instead of leaving them out.
  const settings = { row_security: 'off', lock_timeout: '10000' };
  try {
    return await openConnection(serversOf(url), options, (client) =>
      setUpSession(client, { schema, settings }),
    );
  } catch (error) {
    throw error instanceof StartRefused ? error : databaseUnavailable(error);
  }
}
