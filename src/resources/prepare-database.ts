import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { Secret } from '../core/secret.ts';
import { everyConnection, withSettings } from './connection-url.ts';
import { databaseUnavailable } from './faults.ts';
import { migrate } from './migrate.ts';
import { ensureServiceRole } from './service-role.ts';
import { StartRefused } from './start-refused.ts';

/** The key of `prisma migrate`'s own advisory lock, so that the two never run at once. */
const migrationLock = 72707369;

/** `prisma/` stands beside `src/` and beside `dist/`. */
const ownMigrations = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** A database that is ready for `createDatabase`. */
export interface Prepared {
  /** The names of the migrations that this call applied. */
  readonly applied: readonly string[];
  /** The role to assume, or `undefined` when the login itself is held by row-level security. */
  readonly role: string | undefined;
}

/**
 * Brings the schema up to date and makes the service's role, once, however many replicas start at the same time.
 * Throws `Unavailable` when the server does not answer, and `StartRefused` when it must not be used as it is.
 */
export async function prepareDatabase(url: Secret, migrations = ownMigrations): Promise<Prepared> {
  const client = await connect(url);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    const applied = await migrate(client, migrations);
    return { applied, role: await ensureServiceRole(client) };
  } catch (error) {
    throw error instanceof StartRefused ? error : databaseUnavailable(error);
  } finally {
    // Ends the session, and with it the lock, also after an error.
    await client.end().catch(() => undefined);
  }
}

async function connect(url: Secret): Promise<Client> {
  const connectionString = withSettings(url, { ...everyConnection, lock_timeout: '60s' }).reveal();
  try {
    const client = new Client({
      connectionString,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      application_name: 'usher prepare',
    });
    // A connection that breaks between two queries is an event, which ends the process when nobody listens.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  } catch (error) {
    throw databaseUnavailable(error);
  }
}
