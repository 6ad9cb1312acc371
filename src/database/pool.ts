import { Client, Pool, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import type { ServerList } from './servers.ts';

interface PoolOptions extends Omit<PoolConfig, 'connectionString' | 'Client' | 'onConnect'> {
  readonly servers: ServerList;
  /**
   * Prepares a new connection and resolves to the identity of its server. Errors are thrown to the caller that
   * requested the connection.
   */
  readonly prepare: (client: ClientBase) => Promise<string>;
}

/** Creates a pool of prepared connections to one server. Connections with an open transaction are never reused. */
export function createPool({ servers, prepare, ...config }: PoolOptions): Pool {
  const pool = new PreparedPool({ servers, prepare, ...config });
  // A broken idle connection emits `error`. Without a listener the event would end the process.
  pool.on('error', () => undefined);
  pool.on('release', (_error, client) => {
    // If a server freezes within a transaction, its ROLLBACK also times out, and adapter-pg releases the connection
    // with the transaction still open. The next query would run inside that transaction: with its tenant, and without a
    // COMMIT.
    if (client.getTransactionStatus() !== 'I') void (client as unknown as Client).end();
  });
  return pool;
}

type Callback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: () => void,
) => void;

/** Errors of a pool that could not open a connection. */
const notOpened: ReadonlySet<string> = new Set([
  'timeout exceeded when trying to connect',
  'Cannot use a pool after calling end on the pool',
]);

class PreparedPool extends Pool {
  readonly #servers: ServerList;
  readonly #identities = new WeakMap<ClientBase, string>();
  #newest: string | undefined;

  constructor({ servers, prepare, ...config }: PoolOptions) {
    super({
      ...config,
      Client: class extends Client {
        constructor() {
          super({ ...config, connectionString: servers.current() });
        }
      },
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it; its types do not say so
      onConnect: async (client) => {
        this.#newest = await prepare(client);
        this.#identities.set(client, this.#newest);
      },
    });
    this.#servers = servers;
  }

  // Both `pool.query` and the adapter of Prisma call this method.
  override connect(): Promise<PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<PoolClient> | void {
    const borrowed = this.#borrow();
    if (callback === undefined) return borrowed;
    borrowed.then(
      (client) => {
        callback(undefined, client, () => {
          client.release();
        });
      },
      (error: unknown) => {
        callback(error as Error, undefined, () => undefined);
      },
    );
  }

  async #borrow(): Promise<PoolClient> {
    for (let failures = 0; ;) {
      const url = this.#servers.current();
      try {
        const client = await super.connect();
        // Rows that were read from another server, and the state that the newest one reports, would not belong to the
        // same tables.
        if (this.#identities.get(client) === this.#newest) return client;
        client.release(true);
      } catch (error) {
        failures += 1;
        const isOpened = !notOpened.has((error as Error).message);
        if (isOpened) this.#servers.markFailed(url);
        if (!isOpened || failures >= this.#servers.count) throw error;
      }
    }
  }
}
