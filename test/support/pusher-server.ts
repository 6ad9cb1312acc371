import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

/** How the server handles a request: a status, or closing the connection without a response. */
export type Behaviour = number | 'hang-up';

/**
 * A real HTTP server in place of the HTTP API of a Pusher server, for behaviour that a real one does not show here: Reverb 1.11
 * responds 500 to `terminate_connections` while the user stays, and with scaling its process exits.
 */
export interface PusherServer {
  readonly port: number;
  /** The users whose connections it was requested to terminate, in order. */
  readonly requests: readonly string[];
  behaviour: Behaviour;
}

/** Starts such servers; they end after each test. */
export function usePusherServers(): (behaviour: Behaviour) => Promise<PusherServer> {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  return async (behaviour) => {
    const requests: string[] = [];
    const state = { requests, behaviour };
    const server = createServer((request, response) => {
      const [, user] = /\/users\/([^/]+)\/terminate_connections/.exec(request.url ?? '') ?? [];
      requests.push(user ?? 'nobody');
      if (state.behaviour === 'hang-up') request.socket.destroy();
      else response.writeHead(state.behaviour).end('{}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return Object.assign(state, { port: (server.address() as AddressInfo).port });
  };
}
