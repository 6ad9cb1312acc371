import type { ApplicationDatabaseConfig } from '../../config/sessions.ts';
import {
  createApplicationDatabase,
  type ApplicationDatabase,
} from '../../database/application/application-database.ts';

/** Runs `use` with a client, and closes it. */
export async function withClose<Client extends { readonly close: () => Promise<void> }, T>(
  client: Client,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Runs `use` with one connection to an application's database. */
export function withApplicationDatabase<T>(
  where: ApplicationDatabaseConfig,
  use: (application: ApplicationDatabase) => Promise<T>,
): Promise<T> {
  return withClose(createApplicationDatabase({ ...where, poolSize: 1 }), use);
}
