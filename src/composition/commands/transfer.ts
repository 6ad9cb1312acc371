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
 * Passes an export to `write`, in chunks of whole lines. The service may be running or not. Resolves to the number of
 * rows of each table when everything is written. Throws `TransferRefused`, `Unavailable`, `StartRefused`, and the
 * errors of `write`.
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
 * Imports an export into the configured database. Creates a missing embedded database. Resolves to the number of rows
 * of each table. Throws `TransferRefused`, `Unavailable`, `StartRefused`, and the errors of reading the chunks. Nothing
 * is imported if it throws.
 */
export function importInto(config: Config, chunks: AsyncIterable<Uint8Array>): Promise<Counts> {
  return withPrepared(
    config,
    (database) => withLogin(database, (client) => importRows(client, database.schema, chunks)),
    startEmbeddedPostgres,
  );
}

/** Connects as the login role itself, which may read the rows of all tenants. */
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
  // With `row_security` off, PostgreSQL reports hidden rows as an error instead of omitting them.
  const settings = { row_security: 'off', lock_timeout: '10000' };
  try {
    return await openConnection(serversOf(url), options, (client) =>
      setUpSession(client, { schema, settings }),
    );
  } catch (error) {
    throw error instanceof StartRefused ? error : databaseUnavailable(error);
  }
}
