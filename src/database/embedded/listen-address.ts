import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Secret } from '../../runtime/secret.ts';
import type { Cluster } from './cluster.ts';
import { superuser } from './cluster.ts';
import type { ListenAddress } from './pid-file.ts';
import { socketPath, socketPort } from './pid-file.ts';

/** Maximum length of a socket's path in bytes (macOS; Linux has 107). */
const maxSocketPathLength = 103;
const loopback = '127.0.0.1';

/**
 * Chooses the listen address of a new server. A socket in its own directory is preferred: other users cannot reach it,
 * and another container on the same volume sees that the server is running. Loopback is used if the path is too long
 * for a socket or the file system does not support sockets (Windows, some mounts of Docker Desktop).
 */
export async function chooseListenAddress(home: string): Promise<ListenAddress> {
  const canBind =
    process.platform !== 'win32' &&
    Buffer.byteLength(socketPath(home)) <= maxSocketPathLength &&
    (await listenOnce(join(home, `.probe-${randomBytes(6).toString('hex')}`))) !== undefined;
  if (canBind) return { host: home, port: socketPort };
  const port = await listenOnce(0);
  if (port === undefined) throw new Error('no free port on loopback');
  return { host: loopback, port };
}

/** Listens once and closes. Resolves to the port (0 for a socket), or to `undefined` on failure. */
function listenOnce(where: string | 0): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(where === 0 ? { port: 0, host: loopback } : { path: where }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

export function urlOf({ password }: Cluster, { host, port }: ListenAddress): Secret {
  const query = new URLSearchParams({ host }).toString();
  return new Secret(
    `postgresql://${superuser}:${password.reveal()}@localhost:${String(port)}/postgres?${query}`,
  );
}
