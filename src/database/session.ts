import type { ClientBase } from 'pg';
import { StartRefused } from '../runtime/start-refused.ts';

/** What a connection must have before it is used. */
export interface SessionOptions {
  /** The schema of our tables, for a connection that uses them. */
  readonly schema?: string;
  /** The role to assume; `undefined` for the login itself. */
  readonly role?: string | undefined;
  /** Settings of this connection beside those that each connection has, as `pg_settings` shows them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether row-level security must be in force; not while the tables are being made. */
  readonly isProtected?: boolean;
}

/**
 * What every connection has. TimeZone: the driver writes moments as UTC without a zone, so in a session of another zone an
 * expired row would still be valid. DateStyle: the driver reads ISO only. synchronous_commit: where the login or the database
 * has it off, a decision on record, or a revocation, could be lost. row_security: off would turn a hidden row into an error.
 * Isolation: a stricter level refuses concurrent updates that these statements expect to wait for.
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

/** Codes with which a server withholds a function: not permitted, not there, not supported. */
const permissionErrors: ReadonlySet<unknown> = new Set(['42501', '42883', '0A000']);

/**
 * Gives a connection what it needs, by statements, and reads it back. Startup parameters are not enough: a pooler may refuse
 * them, drop them, or have connected before. Resolves to the server's identity, which changes with a restart, crash recovery,
 * failover, a restore, or another server behind the name; the session keeps it as `usher.server`.
 * Throws `StartRefused` when the connection must not be used.
 */
export async function setUpSession(client: ClientBase, options: SessionOptions): Promise<string> {
  // A pooler without `server_reset_query` leaves prepared statements, temporary tables and locks of the session before.
  await client.query('DISCARD ALL');
  const { schema = 'pg_catalog' } = options;
  const settings = { ...everySession, search_path: schema, ...options.settings };
  await set(client, settings, options.role);
  const found = await check(client, schema, Object.keys(settings));
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
    // Some providers withhold these functions; a restart and another database are recognized without them.
    if (!permissionErrors.has((error as { readonly code?: unknown }).code)) throw error;
    return ask(`''`);
  }
}

/** The cluster and its timeline, which a standby has not yet chosen. */
const clusterIdentity = `CASE WHEN pg_is_in_recovery() THEN '' ELSE
  (SELECT system_identifier FROM pg_control_system()) || '.' || left(pg_walfile_name(pg_current_wal_lsn()), 8) END`;

/**
 * Row-level security must be in force on each table that has rows of tenants; a host's view in its place is the host's own.
 * The database's oid: one that was copied from another and took its name has tables with the same oids.
 * The statistics' reset: after a backend crashed, PostgreSQL recovers with the same start time, resets its statistics, and
 * assigns the numbers of lost transactions again.
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
