import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import type { DecisionBase } from '../policy/decision.ts';
import type { Operation } from '../http/openapi/operation.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { createConnection, type Connection } from './connection.ts';
import { closeCodes } from './close-codes.ts';
import { readHandshake, type Handshake, type HandshakeFault } from './handshake.ts';
import { watchClientDisconnect, type ClientDisconnect } from './client-disconnect.ts';
import { keepAlive } from './keep-alive.ts';
import { routeUpgrades } from './upgrades.ts';

type Handler = (
  request: FastifyRequest,
  reply: FastifyReply,
  handshake: Handshake,
) => Promise<unknown>;

/** Answers with an error body of the listener. */
export type SendError = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: { readonly status: number; readonly message: string },
) => FastifyReply;

/** What WebSockets are taken in with. */
export interface WebSocketEndpointsDeps {
  /** The largest message of a client, in bytes. */
  readonly maxMessageBytes: number;
  /** Milliseconds between two pings. */
  readonly pingIntervalMs: number;
  readonly startTimer: StartTimer;
  /** Makes the error that the server answers and records as it does every request that cannot be read. */
  readonly unread: (fault: HandshakeFault) => Error;
}

/** What the route says of itself, and what it authorizes. */
interface EndpointConfig {
  readonly docs: Operation;
  readonly action: DecisionBase['action'];
}

/** Where WebSockets come in. */
export interface WebSocketEndpoints {
  /** Adds a route for WebSocket handshakes; a request that is none is answered 400, 426 or 429 before the handler. */
  readonly addEndpoint: (path: string, about: EndpointConfig, handler: Handler) => void;
  /** Watches a client whose handshake is not answered yet: the signal is aborted when it hangs up or the server closes. */
  readonly watchClient: (request: FastifyRequest) => ClientDisconnect;
  /**
   * Completes the handshake (RFC 6455 §4.2.2) with this subprotocol; from then on the reply is no more. False when the
   * client is gone, and `then` is never called.
   */
  readonly open: (
    request: FastifyRequest,
    reply: FastifyReply,
    options: {
      readonly protocol: string | undefined;
      readonly then: (connection: Connection) => void;
    },
  ) => boolean;
}

/** Opens a server to WebSockets; when the server closes, each of them gets 1001 and a moment to go. */
export function createWebSocketEndpoints(
  server: FastifyInstance,
  deps: WebSocketEndpointsDeps,
): WebSocketEndpoints {
  const { maxMessageBytes, pingIntervalMs, startTimer, unread } = deps;
  const chosen = new WeakMap<IncomingMessage, string>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    // Each compressed connection would keep some hundred kilobytes.
    perMessageDeflate: false,
    handleProtocols: (_offered, request) => chosen.get(request) ?? false,
  });
  const open = new Set<Connection>();
  const closing = new AbortController();
  const isUpgrade = routeUpgrades(server);
  // The server waits for their sockets, each of which is cut when it does not go by itself.
  server.addHook('preClose', (done) => {
    closing.abort();
    for (const connection of open) connection.close(closeCodes.goingAway);
    done();
  });
  return {
    addEndpoint: (path, about, handler) => {
      server.get(path, { config: { slotless: true, ...about } }, async (request, reply) => {
        const handshake = readHandshake(request.raw, isUpgrade(request.raw));
        if ('fault' in handshake) throw unread(handshake.fault);
        return handler(request, reply, handshake);
      });
    },
    watchClient: ({ raw }) => watchClientDisconnect(raw.socket, closing.signal),
    open: ({ raw }, reply, { protocol, then }) => {
      if (protocol !== undefined) chosen.set(raw, protocol);
      let isOpen = false;
      reply.hijack();
      reply.raw.detachSocket(raw.socket);
      sockets.handleUpgrade(raw, raw.socket, Buffer.alloc(0), (socket) => {
        isOpen = true;
        const connection = createConnection(socket, startTimer);
        open.add(connection);
        connection.onClose(() => {
          open.delete(connection);
        });
        keepAlive(socket, { startTimer, pingIntervalMs });
        then(connection);
        if (closing.signal.aborted) connection.close(closeCodes.goingAway);
      });
      return isOpen;
    },
  };
}
