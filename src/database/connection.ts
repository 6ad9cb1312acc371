import { Client, type ClientConfig } from 'pg';
import type { ServerList } from './servers.ts';

export interface OpenOptions extends Omit<ClientConfig, 'connectionString'> {
  readonly connectionTimeoutMillis: number;
  readonly application_name: string;
  /** Closes the connection when aborted, at any time. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a connection to the first server on which connecting and preparing succeed. Throws the error of the server, or
 * an `AggregateError` if there are several servers.
 */
export async function openConnection(
  servers: ServerList,
  options: OpenOptions,
  prepare: (client: Client) => Promise<unknown>,
): Promise<Client> {
  const errors: unknown[] = [];
  while (errors.length < servers.count) {
    const url = servers.current();
    try {
      return await open(url, options, prepare);
    } catch (error) {
      options.signal?.throwIfAborted();
      errors.push(error);
      servers.markFailed(url);
    }
  }
  throw errors.length === 1 ? errors[0] : new AggregateError(errors);
}

async function open(
  connectionString: string,
  { signal, ...options }: OpenOptions,
  prepare: (client: Client) => Promise<unknown>,
): Promise<Client> {
  const client = new Client({ ...options, connectionString, keepAlive: true });
  // A connection that breaks between two queries emits `error`. Without a listener the event would end the process.
  client.on('error', () => undefined);
  const cut = () => {
    client.connection.stream.destroy();
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', cut);
  client.once('end', () => signal?.removeEventListener('abort', cut));
  try {
    await client.connect();
    await prepare(client);
    return client;
  } catch (error) {
    // Skips the closing handshake, to which a frozen server would never reply.
    cut();
    throw error;
  }
}
