import type { Client, ClientBase } from 'pg';
import { StartRefused } from '../runtime/start-refused.ts';

/** Number of rounds. With other traffic a pooler may assign different sessions by chance. */
const rounds = 8;

/**
 * Throws `StartRefused` if a pooler shares one server session between several clients (transaction or statement
 * pooling): a session would have the settings, the role and the locks of its previous client. `openSecond` opens
 * another connection.
 */
export async function rejectTransactionPooling(
  first: Client,
  openSecond: () => Promise<Client>,
): Promise<void> {
  if (await isDirect(first)) return;
  const firstId = await sessionOf(first);
  const second = await openSecond();
  try {
    const secondId = await sessionOf(second);
    for (let round = 0; round < rounds; round += 1) {
      // Each client runs two queries in a row: if clients alternate, a pooler that rotates its sessions would always
      // assign the same session to each.
      for (const [client, id] of [
        ...isSameSession(first, firstId),
        ...isSameSession(second, secondId),
      ] as const) {
        if (firstId === secondId || (await sessionOf(client)) !== id)
          throw new StartRefused(transactionPoolingMessage);
      }
    }
  } finally {
    await second.end().catch(() => undefined);
  }
}

const transactionPoolingMessage =
  'The connection pooler in front of PostgreSQL uses transaction or statement pooling, which keeps neither roles nor settings ' +
  'of a connection. Set pool_mode=session for this database in PgBouncer, or name PostgreSQL itself in DATABASE_URL.';

/**
 * Throws `StartRefused` if a pooler sends reads to another server than writes: the reads would not have the settings and the
 * role of the session, and would miss the latest changes.
 *
 * @param written - The value of `usher.server`, which a statement that counts as a write has set.
 */
export async function rejectLoadBalancing(client: ClientBase, written: string): Promise<void> {
  const { rows } = await client.query<{ read: string | null }>(
    `SELECT current_setting('usher.server', true) AS read`,
  );
  if (rows[0]?.read !== written) throw new StartRefused(loadBalancingMessage);
}

const loadBalancingMessage =
  'The connection pooler in front of PostgreSQL sends reads to another server than writes. ' +
  "In Pgpool-II set app_name_redirect_preference_list = 'usher.*:primary', or name PostgreSQL itself in DATABASE_URL.";

const isSameSession = <Client, Id>(client: Client, id: Id) =>
  [
    [client, id],
    [client, id],
  ] as const;

/**
 * Returns true if no pooler is between: the process id that the driver received is then that of the server session. A
 * pooler reports an id of its own.
 */
export async function isDirect(client: ClientBase): Promise<boolean> {
  // The driver has this property; its types do not.
  const { processID } = client as ClientBase & { readonly processID: number | null };
  return processID === (await sessionOf(client));
}

async function sessionOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ id: number }>('SELECT pg_backend_pid() AS id');
  return rows[0]?.id ?? 0;
}
