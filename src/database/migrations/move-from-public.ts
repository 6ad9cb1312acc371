import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import { packagePath } from '../../runtime/package-path.ts';
import { StartRefused } from '../../runtime/start-refused.ts';

/** The tables that release 0.1 created in `public`, by migration. */
const tablesFile = packagePath('prisma', 'migrations', 'tables-of-0.1.json');

/**
 * Moves the tables of the last release, with their rows, from `public` into the schema of Usher, and resolves to their
 * names. Only tables of applied migrations are moved: a table of an application may have the name of a table of a later
 * migration. If the application replaced a table with a view, that view stays in `public`, and this schema gets a view of it.
 * Must run in a transaction that holds the migration lock, after the schema was created.
 */
export async function moveFromPublic(client: Client, schema: string): Promise<readonly string[]> {
  if (
    schema === 'public' ||
    (await exists(client, `${quoted(client, schema)}._prisma_migrations`))
  ) {
    return [];
  }
  if (!(await exists(client, 'public._prisma_migrations'))) return [];
  const tables = await readFile(tablesFile, 'utf8');
  const { rows } = await client.query<Relation>(findTables, [tables]);
  if (rows.length === 0) return [];
  try {
    for (const row of rows) await move(client, schema, row);
    await moveFunctions(client, schema);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== '42501') throw error;
    throw new StartRefused(
      `The login of DATABASE_URL may not move the tables of the last release from public to "${schema}" (42501). ` +
        'Start once with the login that owns them.',
    );
  }
  // The old rows of the table of migrations stay. A replica of the last release that restarts now then finds its tables
  // missing and exits. Without the rows it would create new tables, which contain no revocations.
  await client.query(
    'CREATE TABLE _prisma_migrations (LIKE public._prisma_migrations INCLUDING ALL)',
  );
  await client.query(
    `INSERT INTO _prisma_migrations SELECT * FROM public._prisma_migrations
     WHERE migration_name IN (SELECT json_object_keys($1::json))`,
    [tables],
  );
  return rows.map(({ name }) => name);
}

/** Finds the relations in `public` that these applied migrations created. */
const findTables = `
  SELECT relname AS name, relkind AS kind
  FROM json_each($1::json) AS made(migration, tables)
  JOIN public._prisma_migrations AS applied
    ON migration_name = migration AND finished_at IS NOT NULL AND rolled_back_at IS NULL
  CROSS JOIN LATERAL json_array_elements_text(tables) AS name
  JOIN pg_class ON relname = name AND relnamespace = 'public'::regnamespace
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY name`;

interface Relation {
  readonly name: string;
  /** As in `pg_class`. */
  readonly kind: string;
}

async function move(client: Client, schema: string, { name, kind }: Relation): Promise<void> {
  const [table, to] = [quoted(client, name), quoted(client, schema)];
  if (kind === 'r' || kind === 'p') {
    await client.query(`ALTER TABLE public.${table} SET SCHEMA ${to}`);
  } else {
    await client.query(`CREATE VIEW ${to}.${table} AS SELECT * FROM public.${table}`);
  }
}

/** Moves the functions of the triggers and sets their own search path, by which they find `table_changes`. */
async function moveFunctions(client: Client, schema: string): Promise<void> {
  const to = quoted(client, schema);
  const { rows } = await client.query<{ name: string }>(
    `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       AND proname IN ('usher_note_change', 'usher_note_link')`,
  );
  for (const { name } of rows) {
    await client.query(`ALTER FUNCTION public.${name}() SET SCHEMA ${to}`);
    await client.query(`ALTER FUNCTION ${name}() SET search_path = ${to}, pg_temp`);
  }
}

async function exists(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS found',
    [name],
  );
  return rows[0]?.found === true;
}

function quoted(client: Client, name: string): string {
  return client.escapeIdentifier(name);
}
