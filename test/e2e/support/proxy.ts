import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Handles a request instead of forwarding it; true if it has responded. */
export type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A proxy that runs. */
export interface Proxy {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Faults of a proxy. */
export interface ProxyFaults {
  readonly instead?: Intercept;
  /** Prefixes of response headers that it removes. */
  readonly strips?: string;
}

/** Starts a real HTTP proxy before `target`, on a free loopback port, with these faults. */
export async function startProxy(
  target: string,
  { instead = () => false, strips }: ProxyFaults,
): Promise<Proxy> {
  const server = createServer((incoming, response) => {
    if (instead(incoming, response)) return;
    const forwarded = request(
      target + (incoming.url ?? '/'),
      { method: incoming.method, headers: incoming.headers },
      (received) => {
        const kept = Object.entries(received.headers).filter(
          ([name]) => strips === undefined || !name.startsWith(strips),
        );
        response.writeHead(received.statusCode ?? 502, Object.fromEntries(kept));
        received.pipe(response);
      },
    );
    forwarded.on('error', () => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>');
    });
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}
