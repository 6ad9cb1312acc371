import type { HostDatabaseConfig } from '../../config/sessions.ts';
import { createHostDatabase, type HostDatabase } from '../../database/host/host-database.ts';

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

/** Runs `use` with one connection to a host's database. */
export function withHost<T>(
  where: HostDatabaseConfig,
  use: (host: HostDatabase) => Promise<T>,
): Promise<T> {
  return withClose(createHostDatabase({ ...where, poolSize: 1 }), use);
}
