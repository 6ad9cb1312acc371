import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, NetConnectOpts, Socket } from 'node:net';
import { join } from 'node:path';

/** A way to a database that a test can break and mend. */
export interface Tunnel {
  /** The database's URL, by way of the tunnel. */
  readonly url: string;
  /** Ends every connection, and each new one at once. */
  readonly cut: () => void;
  /** Lets nothing through any more, in either direction, and ends nothing. */
  readonly freeze: () => void;
  /** Lets everything through again. */
  readonly mend: () => void;
  readonly close: () => Promise<void>;
}

/** Opens a tunnel on loopback to the server of this PostgreSQL URL, which may be behind a socket of the file system. */
export async function openTunnel(databaseUrl: string): Promise<Tunnel> {
  const url = new URL(databaseUrl);
  const target = targetOf(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'cut' | 'frozen' = 'open';
  const server = createServer((near) => {
    if (state === 'cut') {
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
  const cut = () => {
    state = 'cut';
    for (const [near] of pairs) near.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.searchParams.delete('host');
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    cut,
    freeze: () => {
      state = 'frozen';
    },
    mend: () => {
      // A frozen connection has lost bytes and cannot continue.
      if (state === 'frozen') cut();
      state = 'open';
    },
    close: async () => {
      cut();
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
