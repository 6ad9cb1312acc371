import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server that counts its requests and sends the response that the test last set. */
export interface JwksServer {
  readonly url: URL;
  readonly requests: () => number;
  readonly respondWith: (respond: Respond) => void;
  readonly close: () => Promise<void>;
}

/** Responds with these keys. */
export function keySet(...keys: readonly object[]): Respond {
  return json(JSON.stringify({ keys }));
}

/** Responds 200 with this text. */
export function json(text: string): Respond {
  return (_request, response) => {
    response.setHeader('content-type', 'application/json').end(text);
  };
}

/** Responds with a body of 64 MB, and returns how much of it was sent. */
export function endlessBody(): { readonly respond: Respond; readonly sent: () => number } {
  const chunk = ' '.repeat(16 * 1024);
  let sent = 0;
  return {
    respond: (_request, response) => {
      const write = () => {
        while (!response.destroyed && sent < 64 * 1024 * 1024) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      response.on('drain', write);
      write();
    },
    sent: () => sent,
  };
}

/** Starts a server on a free port of this machine. */
export async function startJwksServer(): Promise<JwksServer> {
  let requests = 0;
  let current: Respond = keySet();
  const server = createServer((request, response) => {
    requests += 1;
    current(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`),
    requests: () => requests,
    respondWith: (respond) => {
      current = respond;
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
