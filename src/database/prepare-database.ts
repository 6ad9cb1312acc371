import type { Client } from 'pg';
import { packagePath } from '../runtime/package-path.ts';
import type { Secret } from '../runtime/secret.ts';
import { openConnection, type OpenOptions } from './connection.ts';
import { databaseUnavailable, startRefusalIn } from './errors.ts';
import { migrate } from './migrations/migrate.ts';
import { moveFromPublic } from './migrations/move-from-public.ts';
import { rejectTransactionPooling } from './pooler.ts';
import { ensureServiceRole, grantTables } from './row-level-security/service-role.ts';
import { ensureSchema, ownSchema } from './schema.ts';
import { serversOf } from './servers.ts';
import { setUpSession } from './session.ts';

/** The key of the advisory lock of `prisma migrate`, so that both never run at the same time. */
const migrationLock = 72707369;

/** `prisma/` is next to `src/` and to `dist/`. */
const ownMigrations = packagePath('prisma', 'migrations');

/** The result of preparing a database for `createDatabase`. */
interface Prepared {
  /** The names of the migrations that this call applied. */
  readonly applied: readonly string[];
  /** The tables and views that this call moved from the schema `public`. */
  readonly moved: readonly string[];
  /** The role to assume; `undefined` if the login itself is subject to row-level security. */
  readonly role: string | undefined;
}

interface PrepareOptions {
  /** The schema of Usher's tables. */
  readonly schema?: string;
  /** The directory of the migrations. */
  readonly migrations?: string;
  /** Aborts the wait for the server or for the lock of another start; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates the service role and migrates the schema, once, even if many replicas start at the same time. Everything runs
 * in one transaction, so a failure changes nothing.
 * Throws `Unavailable` if the server is unavailable, and `StartRefused` if it must not be used as it is.
 */
export async function prepareDatabase(
  url: Secret,
  { schema = ownSchema, migrations = ownMigrations, signal }: PrepareOptions = {},
): Promise<Prepared> {
  try {
    const client = await connect(url, schema, signal);
    try {
      await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
      const role = await ensureServiceRole(client);
      await client.query('BEGIN');
      await ensureSchema(client, schema);
      const moved = await moveFromPublic(client, schema);
      const applied = await migrate(client, migrations);
      if (role !== undefined) await grantTables(client, schema);
      await client.query('COMMIT');
      // Sets up the session as each connection of the service does, so that missing permissions are reported at the
      // start.
      await setUpSession(client, { schema, role, isProtected: true });
      return { applied, moved, role };
    } finally {
      // Closes the session, and with it the transaction and the lock, also after an error.
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw startRefusalIn(error) ?? databaseUnavailable(error);
  }
}

/** Checks the server as `prepareDatabase` does, and changes nothing. Throws the same errors. */
export async function checkDatabase(url: Secret): Promise<void> {
  try {
    const client = await connect(url, ownSchema);
    await client.end();
  } catch (error) {
    throw startRefusalIn(error) ?? databaseUnavailable(error);
  }
}

function connect(url: Secret, schema: string, signal?: AbortSignal): Promise<Client> {
  const servers = serversOf(url);
  const options: OpenOptions = {
    connectionTimeoutMillis: 10_000,
    application_name: 'usher prepare',
    signal,
  };
  const settings = { lock_timeout: '60000' };
  return openConnection(servers, options, async (client) => {
    // Checked before anything is set: another application may get a shared session next.
    await rejectTransactionPooling(client, () =>
      openConnection(serversOf(url), options, () => Promise.resolve()),
    );
    await setUpSession(client, { schema, settings });
  });
}
