import type { Client } from 'pg';
import { StartRefused } from '../../runtime/start-refused.ts';

/** The role of the service. It is subject to row-level security, even if the login of DATABASE_URL is not. */
export const serviceRole = 'usher_service';

/** The privileges of the service on each table. Audit rows can be inserted and deleted, never updated. */
const grants: Readonly<Record<string, readonly string[]>> = {
  facts: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  fact_index: ['SELECT'],
  fact_relations: ['SELECT'],
  guest_sessions: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  tickets: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  live_grants: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  revocations: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  table_changes: ['SELECT', 'DELETE'],
  audit_log: ['SELECT', 'INSERT', 'DELETE'],
  security_events: ['SELECT', 'INSERT', 'DELETE'],
  shadow_verdicts: ['SELECT', 'INSERT', 'DELETE'],
};

/** All tables of Usher except the table of migrations. */
export const ownTables: readonly string[] = Object.keys(grants);

/**
 * SQLSTATE codes of a concurrent CREATE ROLE or GRANT from another database of the cluster. The other one has
 * succeeded.
 */
const lostRace = ['42710', '23505', 'XX000'];
const notPermitted = '42501';

/**
 * Ensures that `usher_service` exists and that this login can assume it. Resolves to the role. Resolves to `undefined`
 * if the login can neither assume nor create the role but is itself subject to row-level security (FORCE includes the
 * owner of the tables). Throws `StartRefused` otherwise. Idempotent.
 */
export async function ensureServiceRole(client: Client): Promise<string | undefined> {
  await createRole(client);
  const assumed =
    (await mayAssume(client)) || ((await joinRole(client)) && (await mayAssume(client)));
  if (assumed) {
    if (await bypassesPolicies(client, serviceRole)) {
      throw new StartRefused(
        `The role ${serviceRole} bypasses row-level security; take SUPERUSER and BYPASSRLS from it.`,
      );
    }
    return serviceRole;
  }
  if (await bypassesPolicies(client)) {
    throw new StartRefused(
      `The login of DATABASE_URL bypasses row-level security and may not assume the role ${serviceRole}. ` +
        `Use a login without BYPASSRLS, or have an administrator create the role and grant it to the login.`,
    );
  }
  return undefined;
}

async function createRole(client: Client): Promise<void> {
  if (!(await exists(client))) {
    await attempt(client, `CREATE ROLE ${serviceRole} NOLOGIN NOSUPERUSER NOBYPASSRLS`);
  }
}

async function joinRole(client: Client): Promise<boolean> {
  return (await exists(client)) && attempt(client, `GRANT ${serviceRole} TO CURRENT_USER`);
}

async function exists(client: Client): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [serviceRole]);
  return rowCount !== 0;
}

/**
 * Tries to assume the role. Membership is not sufficient: since PostgreSQL 16 a member may lack the permission to SET
 * ROLE.
 */
async function mayAssume(client: Client): Promise<boolean> {
  if (!(await exists(client)) || !(await attempt(client, `SET ROLE ${serviceRole}`))) return false;
  await client.query('RESET ROLE');
  return true;
}

/** Runs a statement. Returns false if it is not permitted. A lost race counts as success. */
async function attempt(client: Client, statement: string): Promise<boolean> {
  try {
    await client.query(statement);
    return true;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === notPermitted) return false;
    if (typeof code === 'string' && lostRace.includes(code)) return true;
    throw error;
  }
}

async function bypassesPolicies(client: Client, role?: string): Promise<boolean> {
  const { rows } = await client.query<{ bypasses: boolean }>(
    'SELECT rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = coalesce($1, current_user)',
    [role],
  );
  return rows[0]?.bypasses ?? true;
}

/**
 * Grants only the missing privileges, so that a login that does not own the tables can start on a database that has all
 * of them.
 */
export async function grantTables(client: Client, schema: string): Promise<void> {
  const has = async (check: string, values: readonly string[]) => {
    const { rows } = await client.query<{ granted: boolean }>(`SELECT ${check} AS granted`, [
      serviceRole,
      ...values,
    ]);
    return rows[0]?.granted === true;
  };
  if (!(await has(`has_schema_privilege($1, $2, 'USAGE')`, [schema]))) {
    await client.query(
      `GRANT USAGE ON SCHEMA ${client.escapeIdentifier(schema)} TO ${serviceRole}`,
    );
  }
  const factRelations = await namesOfFactRelations(client);
  const all = [
    ...Object.entries(grants),
    ...factRelations.map((name) => [name, ['SELECT']] as const),
  ];
  for (const [table, privileges] of all) {
    for (const privilege of privileges) {
      if (!(await has('has_table_privilege($1, $2, $3)', [table, privilege]))) {
        await client.query(`GRANT ${privilege} ON ${table} TO ${serviceRole}`);
      }
    }
  }
}

/** The relations with facts that exist, each of which may be a view of the application. */
async function namesOfFactRelations(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT quote_ident(relation) AS name FROM fact_relations WHERE to_regclass(quote_ident(relation)) IS NOT NULL`,
  );
  return rows.map(({ name }) => name);
}
