import type { Client } from 'pg';
import { StartRefused } from '../runtime/start-refused.ts';

/** The schema of Usher's tables unless `DATABASE_SCHEMA` names another. */
export const ownSchema = 'usher';

/** Creates the schema if it is missing. Throws `StartRefused` if the login has no permission. */
export async function ensureSchema(client: Client, schema: string): Promise<void> {
  // Not CREATE … IF NOT EXISTS: it needs the permission to create even if the schema exists.
  const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  if (rowCount !== 0) return;
  try {
    await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== '42501') throw error;
    throw new StartRefused(
      `The login of DATABASE_URL may not create the schema "${schema}" for Usher's tables (42501). ` +
        `As an administrator run CREATE SCHEMA "${schema}" AUTHORIZATION with that login, or GRANT CREATE ON DATABASE to it.`,
    );
  }
}
