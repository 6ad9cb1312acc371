import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** True for a request whose connection was handed over for an upgrade; only such a one may become a WebSocket. */
export type IsUpgrade = (request: IncomingMessage) => boolean;

/**
 * Sends WebSocket handshakes through the server's routes, where they are judged before they are upgraded.
 * Every other `Upgrade`, such as the `h2c` of Java's HTTP client, is ignored, as RFC 9110 §7.8 allows:
 * once somebody listens for upgrades, Node hands those requests over too, without their bodies.
 */
export function routeUpgrades(server: FastifyInstance): IsUpgrade {
  const handedOver = new WeakSet<IncomingMessage>();
  // Node from 24.9 on asks first, and then takes every other request as if it had not asked for an upgrade.
  Object.assign(server.server, { shouldUpgradeCallback: isWebSocketUpgrade });
  server.server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    // Node has taken its own listener off.
    socket.on('error', () => {
      socket.destroy();
    });
    if (!(socket instanceof Socket)) {
      socket.destroy();
    } else if (isWebSocketUpgrade(request)) {
      if (head.length > 0) socket.unshift(head);
      handedOver.add(request);
      routeHandshake(server, request, socket);
    } else {
      socket.unshift(Buffer.concat([withoutUpgrade(request), head]));
      server.server.emit('connection', socket);
    }
  });
  return (request) => handedOver.has(request);
}

/** True for a request that asks to become a WebSocket (RFC 6455 §4.1). */
function isWebSocketUpgrade({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

function routeHandshake(server: FastifyInstance, request: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(request);
  // Nobody reads a second request from this socket.
  response.shouldKeepAlive = false;
  response.on('finish', () => {
    socket.destroySoon();
  });
  try {
    response.assignSocket(socket);
    server.routing(request, response);
  } catch {
    // An answer to an earlier request on the same connection is still under way.
    socket.destroy();
  }
}

/** The head of the request as it came, but for the header in question: then it is a request like any other. */
function withoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method ?? ''} ${url ?? ''} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
