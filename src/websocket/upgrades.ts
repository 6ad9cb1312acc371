import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** True for a request whose connection Node passed for an upgrade; only this can become a WebSocket. */
type IsUpgrade = (request: IncomingMessage) => boolean;

/**
 * Passes WebSocket handshakes to the server's routes, which authorize them before the upgrade. Any other `Upgrade`, such
 * as the `h2c` of Java's HTTP client, is ignored (RFC 9110 §7.8): with an `upgrade` listener, Node passes these
 * requests to it as well, without their bodies.
 */
export function routeUpgrades(server: FastifyInstance): IsUpgrade {
  const upgrades = new WeakSet<IncomingMessage>();
  // Since 24.9 Node calls this first, and handles the other requests without an upgrade.
  Object.assign(server.server, { shouldUpgradeCallback: isWebSocketUpgrade });
  server.server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    // Node has removed its own listener.
    socket.on('error', () => {
      socket.destroy();
    });
    if (!(socket instanceof Socket)) {
      socket.destroy();
    } else if (isWebSocketUpgrade(request)) {
      if (head.length > 0) socket.unshift(head);
      upgrades.add(request);
      routeHandshake(server, request, socket);
    } else {
      socket.unshift(Buffer.concat([withoutUpgrade(request), head]));
      server.server.emit('connection', socket);
    }
  });
  return (request) => upgrades.has(request);
}

/** RFC 6455 §4.1. */
function isWebSocketUpgrade({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

function routeHandshake(server: FastifyInstance, request: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(request);
  // No parser reads a second request from this socket.
  response.shouldKeepAlive = false;
  response.on('finish', () => {
    socket.destroySoon();
  });
  try {
    response.assignSocket(socket);
    server.routing(request, response);
  } catch {
    // The response to an earlier request on this connection is not complete.
    socket.destroy();
  }
}

/** The head of the request without its `Upgrade` header. */
function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
