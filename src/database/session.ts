import type { ClientBase } from 'pg';
import { StartRefused } from '../runtime/start-refused.ts';
import { rejectLoadBalancing } from './pooler.ts';

/** The settings that a connection must have before it is used. */
interface SessionOptions {
  /** The schema of Usher's tables, for a connection that uses them. */
  readonly schema?: string;
  /** The role to assume; `undefined` if the login keeps its own role. */
  readonly role?: string | undefined;
  /** Additional settings of this connection, with values as in `pg_settings`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** True if row-level security must be in force. False while the tables are being created. */
  readonly isProtected?: boolean;
}

/**
 * Settings of every connection. TimeZone: the driver writes times as UTC without a zone, so in a session with another
 * zone an expired row would still be valid. DateStyle: the driver parses ISO only. synchronous_commit: if it is off for
 * the login or the database, a written decision or a revocation could be lost. row_security: off would turn a hidden
 * row into an error. Isolation: a stricter level refuses concurrent updates for which these statements expect to wait.
 */
const everySession = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  synchronous_commit: 'on',
  row_security: 'on',
  default_transaction_isolation: 'read committed',
  lock_timeout: '0',
  statement_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/** SQLSTATE codes of a function that is not permitted, missing, or not supported. */
const permissionErrors: ReadonlySet<unknown> = new Set(['42501', '42883', '0A000']);

/**
 * Configures a connection with statements and verifies the settings. Startup parameters are not sufficient: a pooler
 * may refuse them, drop them, or have connected before. Resolves to the identity of the server, which is also stored in
 * the session as `usher.server`. The identity changes with a restart, crash recovery, failover, a restore, or another
 * server behind the same name.
 * Throws `StartRefused` if the connection must not be used.
 */
export async function setUpSession(client: ClientBase, options: SessionOptions): Promise<string> {
  // A pooler without `server_reset_query` keeps prepared statements, temporary tables and locks of the previous client.
  await client.query('DISCARD ALL');
  const { schema = 'pg_catalog' } = options;
  const settings = { ...everySession, search_path: schema, ...options.settings };
  await set(client, settings, options.role);
  const found = await check(client, schema, Object.keys(settings));
  await rejectLoadBalancing(client, found.server);
  if (found.readOnly) {
    throw new StartRefused(
      'The database server accepts no writes (25006): it is a standby, or default_transaction_read_only is on. ' +
        'Name the primary in DATABASE_URL, or all servers of the cluster, separated by commas.',
    );
  }
  const lost = Object.entries(settings).find(([name, value]) => found.settings[name] !== value);
  if (lost !== undefined) {
    const [name, value] = lost;
    throw new StartRefused(
      `The database connection does not keep the setting ${name}=${value}. ` +
        'Use a pooler in session mode, or connect to PostgreSQL directly.',
    );
  }
  if (options.role !== undefined && found.user !== options.role) {
    throw new StartRefused(
      `The database connection does not keep the role ${options.role}. ` +
        'Use a pooler in session mode, or connect to PostgreSQL directly.',
    );
  }
  if (options.isProtected === true && found.unprotected !== null) {
    throw new StartRefused(
      `Row-level security is not in force for ${found.user} on ${found.unprotected.join(', ')}. ` +
        'Run ALTER TABLE … ENABLE ROW LEVEL SECURITY and ALTER TABLE … FORCE ROW LEVEL SECURITY on each.',
    );
  }
  return found.server;
}

async function set(
  client: ClientBase,
  settings: Readonly<Record<string, string>>,
  role = 'none',
): Promise<void> {
  await client.query('SELECT set_config(key, value, false) FROM json_each_text($1::json)', [
    JSON.stringify({ role, ...settings }),
  ]);
}

interface Found {
  readonly settings: Readonly<Record<string, string>>;
  readonly user: string;
  readonly readOnly: boolean;
  readonly unprotected: readonly string[] | null;
  readonly server: string;
}

async function check(client: ClientBase, schema: string, names: readonly string[]): Promise<Found> {
  const values = [names, schema];
  const ask = async (identity: string) =>
    (await client.query<Found>(checkSession(identity), values)).rows[0] as Found;
  try {
    return await ask(clusterIdentity);
  } catch (error) {
    // Some providers do not permit these functions. A restart and another database are detected without them.
    if (!permissionErrors.has((error as { readonly code?: unknown }).code)) throw error;
    return ask(`''`);
  }
}

/** Identifies the cluster and its timeline. A standby does not have its own timeline yet. */
const clusterIdentity = `CASE WHEN pg_is_in_recovery() THEN '' ELSE
  (SELECT system_identifier FROM pg_control_system()) || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END`;

/**
 * Checks the session and computes the identity. Row-level security must be in force on each table with rows of tenants;
 * a view of the application in place of a table is not checked. The identity contains the oid of the database: a copy that was
 * renamed to the same name has tables with the same oids. It contains the reset time of the statistics: after a backend
 * crash PostgreSQL recovers with the same start time, resets its statistics, and assigns the numbers of lost
 * transactions again.
 */
const checkSession = (identity: string) => `
  SELECT (SELECT json_object_agg(name, setting) FROM pg_settings WHERE name = ANY ($1::text[])) AS settings,
    current_user::text AS "user", current_setting('transaction_read_only') = 'on' AS "readOnly",
    (SELECT json_agg(relname ORDER BY relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname = $2 AND relkind IN ('r', 'p') AND EXISTS (
          SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id' AND NOT attisdropped)
        AND NOT row_security_active(pg_class.oid)) AS unprotected,
    set_config('usher.server', concat_ws('/', ${identity},
      extract(epoch FROM pg_postmaster_start_time()),
      (SELECT extract(epoch FROM stats_reset) FROM pg_stat_bgwriter),
      (SELECT oid FROM pg_database WHERE datname = current_database())), false) AS server`;
