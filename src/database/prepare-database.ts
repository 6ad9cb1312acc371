import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
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

/** The key of `prisma migrate`'s own advisory lock, so that the two never run at once. */
const migrationLock = 72707369;

/** `prisma/` stands beside `src/` and beside `dist/`. */
const ownMigrations = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** A database that is ready for `createDatabase`. */
export interface Prepared {
  /** The names of the migrations that this call applied. */
  readonly applied: readonly string[];
  /** The tables and views that this call moved here from the schema `public`. */
  readonly moved: readonly string[];
  /** The role to assume, or `undefined` when the login itself is held by row-level security. */
  readonly role: string | undefined;
}

export interface PrepareOptions {
  /** The schema of our tables. */
  readonly schema?: string;
  /** The directory of the migrations. */
  readonly migrations?: string;
  /** Ends the wait, also for another start that holds the lock; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the service's role and brings the schema up to date, once, however many replicas start at the same time. What cannot
 * be done completely is not done at all.
 * Throws `Unavailable` when the server does not answer, and `StartRefused` when it must not be used as it is.
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
      // As each connection of the service will be: what it cannot have is said now.
      await setUpSession(client, { schema, role, isProtected: true });
      return { applied, moved, role };
    } finally {
      // Ends the session, and with it the transaction and the lock, also after an error.
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    signal?.throwIfAborted();
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
    // Before anything is set: a shared session would be another application's next.
    await rejectTransactionPooling(client, () =>
      openConnection(serversOf(url), options, () => Promise.resolve()),
    );
    await setUpSession(client, { schema, settings });
  });
}
