import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import type { Operation } from '../openapi/operation.ts';
import type { StartTimer } from '../core/timer.ts';
import { createConnection, type Connection } from './connection.ts';
import { endings } from './endings.ts';
import { keepAlive } from './keep-alive.ts';
import { isHandshake, routeUpgrades } from './upgrades.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Where WebSockets come in. */
export interface Doorway {
  /** Adds a route whose requests are WebSocket handshakes; any other request finds no such route. */
  readonly addDoor: (path: string, docs: Operation, handler: Handler) => void;
  /** Completes the handshake (RFC 6455 §4.2.2); from then on the reply is no more. */
  readonly open: (
    request: FastifyRequest,
    reply: FastifyReply,
    then: (connection: Connection) => void,
  ) => void;
}

/** Opens a server to WebSockets; when the server closes, each of them gets 1001 and a moment to go. */
export function createDoorway(
  server: FastifyInstance,
  { maxMessage, startTimer }: { readonly maxMessage: number; readonly startTimer: StartTimer },
): Doorway {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessage,
    // Each compressed connection would keep some hundred kilobytes.
    perMessageDeflate: false,
    // The first one that the client offers: the server behind is then asked for the same.
    handleProtocols: ([first]) => first ?? false,
  });
  const open = new Set<Connection>();
  let closing = false;
  routeUpgrades(server);
  // The server waits for their sockets, each of which is cut when it does not go by itself.
  server.addHook('preClose', (done) => {
    closing = true;
    for (const connection of open) connection.end(endings.goingAway);
    done();
  });
  return {
    addDoor: (path, docs, handler) => {
      server.get(path, { config: { slotless: true, docs } }, async (request, reply) => {
        if (isHandshake(request.raw)) return handler(request, reply);
        reply.callNotFound();
        return reply;
      });
    },
    open: ({ raw }, reply, then) => {
      reply.hijack();
      reply.raw.detachSocket(raw.socket);
      sockets.handleUpgrade(raw, raw.socket, Buffer.alloc(0), (socket) => {
        const connection = createConnection(socket, startTimer);
        open.add(connection);
        connection.onEnd(() => {
          open.delete(connection);
        });
        keepAlive(socket, startTimer);
        if (closing) connection.end(endings.goingAway);
        else then(connection);
      });
    },
  };
}
