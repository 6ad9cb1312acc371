import type { Client } from 'pg';
import { ownTables } from '../row-level-security/service-role.ts';

/** The number of rows of each table. */
export type Counts = Readonly<Record<string, number>>;

/** The version of the export format. Increment it if an older import would misread a change. */
export const format = 1;

/**
 * Tables that are not exported: `fact_index`, which a trigger fills; `fact_relations`, which a migration fills;
 * `table_changes`, whose transaction numbers are valid on one server only; `tickets`, because a ticket that was spent after
 * the export would be accepted a second time.
 */
const leftOut: readonly string[] = ['fact_index', 'fact_relations', 'table_changes', 'tickets'];

/** Returns the tables whose rows are transferred. Views of the application in place of tables are excluded. */
export async function transferredTables(
  client: Client,
  schema: string,
): Promise<readonly string[]> {
  const names = ownTables.filter((name) => !leftOut.includes(name));
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname = $1 AND relname = ANY ($2::text[]) AND relkind IN ('r', 'p') ORDER BY relname`,
    [schema, names],
  );
  return rows.map(({ name }) => name);
}

/** Returns the name of the last migration of this database. */
export async function lastMigration(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT max(migration_name) AS name FROM _prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  return rows[0]?.name ?? '';
}
