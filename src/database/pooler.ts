import type { Client, ClientBase } from 'pg';
import { StartRefused } from '../runtime/start-refused.ts';

/** Rounds of questions: under other traffic a pooler may hand out different sessions by chance. */
const rounds = 8;

/**
 * Throws `StartRefused` where a pooler hands one server session to several clients (transaction or statement pooling):
 * settings, role and locks of a session would be those of its last client. `openSecond` opens another connection.
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
      // Each twice: a pooler that takes its sessions in turn would give two clients that take turns always the same ones.
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

const isSameSession = <Client, Id>(client: Client, id: Id) =>
  [
    [client, id],
    [client, id],
  ] as const;

/** Whether no pooler is between: the server announces the id of its session, a pooler one of its own. */
export async function isDirect(client: ClientBase): Promise<boolean> {
  // The driver has it, its types do not.
  const { processID } = client as ClientBase & { readonly processID: number | null };
  return processID === (await sessionOf(client));
}

async function sessionOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ id: number }>('SELECT pg_backend_pid() AS id');
  return rows[0]?.id ?? 0;
}
