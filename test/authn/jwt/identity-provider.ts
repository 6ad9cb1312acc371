import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real identity provider over HTTP, at a loopback address. */
export interface IdentityProvider {
  /** Its `iss`, and the address of its discovery. */
  readonly issuer: string;
  /** The number of requests so far, by path. */
  readonly requests: (path: string) => number;
  /** Responds with these keys, and with this document in place of a correct one. */
  readonly serve: (responses: ProviderResponses) => void;
  readonly close: () => Promise<void>;
}

export interface ProviderResponses {
  readonly keys: readonly object[];
  readonly document?: unknown;
  /** Responds to a request in place of the provider. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export const discoveryPath = '/.well-known/openid-configuration';

export async function startIdentityProvider(path = ''): Promise<IdentityProvider> {
  const counts = new Map<string, number>();
  let responses: ProviderResponses = { keys: [] };
  const server = createServer((request, response) => {
    const { url = '' } = request;
    counts.set(url, (counts.get(url) ?? 0) + 1);
    if (responses.instead?.(request, response) === true) return;
    response.setHeader('content-type', 'application/json');
    if (url === `${path.replace(/\/$/, '')}${discoveryPath}`) {
      const correct = { issuer, jwks_uri: `${origin}/keys` };
      response.end(JSON.stringify('document' in responses ? responses.document : correct));
    } else if (url === '/keys') response.end(JSON.stringify({ keys: responses.keys }));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = origin + path;
  return {
    issuer,
    requests: (url) => counts.get(url) ?? 0,
    serve: (next) => {
      responses = next;
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
