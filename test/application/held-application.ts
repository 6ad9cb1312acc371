import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server that responds to a request only when the test says so. */
export interface HeldApplication {
  readonly url: URL;
  /** The requested paths, in the order of their arrival. */
  readonly paths: readonly string[];
  /** The open requests. A test that responds to one itself removes it. */
  readonly open: Held[];
  /** The maximum number of concurrent open requests. */
  readonly mostOpen: () => number;
  /** The number of connections that were opened. */
  readonly connections: () => number;
  /** Resolves when this number of requests has arrived in total. */
  readonly arrived: (count: number) => Promise<void>;
  /** Responds to the first open request with 200. */
  readonly respondToFirst: () => void;
  readonly close: () => Promise<void>;
}

export interface Held {
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export async function startHeldApplication(): Promise<HeldApplication> {
  const paths: string[] = [];
  const open: Held[] = [];
  let mostOpen = 0;
  let connections = 0;
  let arrivals: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const { url: path = '' } = request;
    paths.push(path);
    open.push({ path, request, response });
    mostOpen = Math.max(mostOpen, open.length);
    for (const { count, resolve } of arrivals) if (paths.length >= count) resolve();
    arrivals = arrivals.filter(({ count }) => paths.length < count);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    paths,
    open,
    mostOpen: () => mostOpen,
    connections: () => connections,
    arrived: (count) =>
      new Promise((resolve) => {
        if (paths.length >= count) resolve();
        else arrivals.push({ count, resolve });
      }),
    respondToFirst: () => {
      const held = open.shift();
      held?.response.end(held.path);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
