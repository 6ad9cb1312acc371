import type { Client } from 'pg';
import { ownTables } from '../row-level-security/service-role.ts';

/** The number of rows of each table. */
export type Counts = Readonly<Record<string, number>>;

/** The format of an export. A change that an older import would misread takes the next number. */
export const format = 1;

/**
 * Not in an export: `room_participants`, which a trigger fills; `table_changes`, whose transaction numbers mean nothing on another
 * server; `tickets`, since a ticket that was spent after the export would be accepted a second time.
 */
const leftOut: readonly string[] = ['room_participants', 'table_changes', 'tickets'];

/** The tables whose rows are transferred. A view that the host put in a table's place is the host's own. */
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

/** The name of the last migration that this database has. */
export async function lastMigration(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT max(migration_name) AS name FROM _prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
  );
  return rows[0]?.name ?? '';
}
