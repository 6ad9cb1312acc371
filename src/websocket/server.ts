import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { WebSocketServer } from 'ws';
import type { DecisionBase } from '../policy/decision.ts';
import type { Operation } from '../http/openapi/operation.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { createConnection, type Connection } from './connection.ts';
import { closeCodes } from './close-codes.ts';
import { readHandshake, type Handshake, type HandshakeFault } from './handshake.ts';
import { keepAlive } from './keep-alive.ts';
import { routeUpgrades } from './upgrades.ts';
import type { Socket } from 'node:net';

type Handler = (
  request: FastifyRequest,
  reply: FastifyReply,
  handshake: Handshake,
) => Promise<unknown>;

/** Sends an error response in the format of the public listener. */
export type SendError = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: { readonly status: number; readonly message: string },
) => FastifyReply;

export interface WebSocketEndpointsDeps {
  /** The limit for messages of a client. */
  readonly maxMessageBytes: number;
  readonly pingIntervalMs: number;
  readonly startTimer: StartTimer;
  /** Creates the error of a malformed request, which the HTTP server sends and records. */
  readonly unread: (fault: HandshakeFault) => Error;
}

interface EndpointConfig {
  readonly docs: Operation;
  readonly action: DecisionBase['action'];
}

export interface WebSocketEndpoints {
  /** Adds a route for WebSocket handshakes. Any other request gets 400, 426 or 429 before the handler runs. */
  readonly addEndpoint: (path: string, about: EndpointConfig, handler: Handler) => void;
  /** Watches a client during its handshake: the signal is aborted when it disconnects or the server closes. */
  readonly watchClient: (request: FastifyRequest) => ClientDisconnect;
  /**
   * Completes the handshake (RFC 6455 §4.2.2) with this subprotocol; the reply cannot be used afterwards. False if the
   * client has disconnected; `then` is not called in this case.
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

/** Adds WebSocket support to a server. When the server closes, each WebSocket is closed with 1001. */
export function createWebSocketEndpoints(
  server: FastifyInstance,
  deps: WebSocketEndpointsDeps,
): WebSocketEndpoints {
  const { maxMessageBytes, pingIntervalMs, startTimer, unread } = deps;
  const chosen = new WeakMap<IncomingMessage, string>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    // Compression would use some hundred kilobytes per connection.
    perMessageDeflate: false,
    handleProtocols: (_offered, request) => chosen.get(request) ?? false,
  });
  const open = new Set<Connection>();
  const closing = new AbortController();
  const isUpgrade = routeUpgrades(server);
  // The server waits for these sockets, which are terminated if they do not close in time.
  server.addHook('preClose', (done) => {
    closing.abort();
    for (const connection of open) connection.close(closeCodes.goingAway);
    done();
  });
  return {
    addEndpoint: (path, about, handler) => {
      server.get(path, { config: { withoutPermit: true, ...about } }, async (request, reply) => {
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

/** Watches a client during its handshake. */
interface ClientDisconnect {
  readonly signal: AbortSignal;
  /** Removes the listeners; call it before the upgrade. */
  readonly stop: () => void;
}

/**
 * Aborts the signal when the client closes the connection or its sending half, or when `closing` is aborted. A client
 * that closed its half cannot send WebSocket frames. Reads no data.
 */
function watchClientDisconnect(socket: Socket, closing: AbortSignal): ClientDisconnect {
  const gone = new AbortController();
  const abort = (): void => {
    gone.abort();
  };
  // Node emits `end` only while the stream is read. `read(0)` detects the end without consuming data.
  const probe = (): void => {
    socket.read(0);
  };
  socket.on('readable', probe).on('end', abort).on('close', abort);
  if (socket.destroyed) abort();
  return {
    signal: AbortSignal.any([gone.signal, closing]),
    stop: () => {
      socket.off('readable', probe).off('end', abort).off('close', abort);
    },
  };
}
