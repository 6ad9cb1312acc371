import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, NetConnectOpts, Socket } from 'node:net';
import { join } from 'node:path';

/** A proxy to a database that a test can interrupt and restore. */
export interface Tunnel {
  /** The URL of the database, through the tunnel. */
  readonly url: string;
  /** Closes every connection, and each new one immediately. */
  readonly disconnect: () => void;
  /** Forwards no more bytes in either direction, and closes nothing. */
  readonly freeze: () => void;
  /** Forwards everything again. */
  readonly restore: () => void;
  readonly close: () => Promise<void>;
}

/** Opens a tunnel on loopback to the server of this PostgreSQL URL, which may be a Unix-domain socket. */
export async function openTunnel(databaseUrl: string): Promise<Tunnel> {
  const url = new URL(databaseUrl);
  const target = targetOf(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'disconnected' | 'frozen' = 'open';
  const server = createServer((near) => {
    if (state === 'disconnected') {
      near.destroy();
      return;
    }
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        pairs.delete(pair);
      });
      one.on('data', (chunk: Buffer) => {
        if (state === 'open') other.write(chunk);
      });
    }
  });
  const disconnect = () => {
    state = 'disconnected';
    for (const [near] of pairs) near.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.searchParams.delete('host');
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    disconnect,
    freeze: () => {
      state = 'frozen';
    },
    restore: () => {
      // A frozen connection has lost bytes and cannot continue.
      if (state === 'frozen') disconnect();
      state = 'open';
    },
    close: async () => {
      disconnect();
      server.close();
      await once(server, 'close');
    },
  };
}

function targetOf(url: URL): NetConnectOpts {
  const directory = url.searchParams.get('host');
  const port = url.port === '' ? '5432' : url.port;
  return directory?.startsWith('/') === true
    ? { path: join(directory, `.s.PGSQL.${port}`) }
    : { host: directory ?? url.hostname, port: Number(port) };
}
