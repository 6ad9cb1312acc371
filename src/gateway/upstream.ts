import type { FastifyBaseLogger } from 'fastify';
import { WebSocket } from 'ws';
import type { StartTimer } from '../core/timer.ts';
import { closeSocket, type Connection, type Message } from './connection.ts';
import { endings, passedOn, type Ending } from './endings.ts';
import { keepAlive } from './keep-alive.ts';
import { createPipe, type StartDelivery } from './pipe.ts';

/** The server behind a door, and what it is sent of a client: these headers, and nothing else that the client said. */
export interface Upstream {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** What measures the messages of one connection, each way. */
export interface Traffic {
  readonly fromClient: StartDelivery;
  readonly toClient: StartDelivery;
}

/** What a connection to the server behind takes. */
export interface DialPorts {
  readonly startTimer: StartTimer;
  readonly log: FastifyBaseLogger;
  /** The largest message that is passed on, in bytes. */
  readonly maxMessage: number;
}

/** How long the server behind may take to complete the handshake, in milliseconds. */
const dialTime = 10_000;

/**
 * Connects a client to the server behind: messages and close codes go both ways, pings are each side's own.
 * The client waits while the server is dialled; `next` then gets its messages, with what sends one on.
 */
export function connectUpstream(
  client: Connection,
  { url, headers }: Upstream,
  ports: DialPorts & {
    readonly next: (message: Message, send: (message: Message) => void) => void;
    readonly traffic: Traffic;
  },
): void {
  const { startTimer, log, maxMessage, traffic } = ports;
  const { protocol } = client.socket;
  const server = new WebSocket(url, protocol === '' ? [] : [protocol], {
    headers,
    maxPayload: maxMessage,
    perMessageDeflate: false,
  });
  const stopWaiting = startTimer(dialTime, () => {
    server.terminate();
  });
  client.onEnd((ending) => {
    stopWaiting();
    closeSocket(server, passedOn(ending, endings.goingAway), startTimer);
  });
  server.on('open', () => {
    stopWaiting();
    keepAlive(server, startTimer);
    const toServer = createPipe({ from: client.socket, to: server }, traffic.fromClient);
    const toClient = createPipe({ from: server, to: client.socket }, traffic.toClient);
    server.on('message', (data, isBinary) => {
      // With its default `binaryType`, `ws` gives whole messages in one buffer.
      if (client.isOpen()) toClient({ data: data as Buffer, isBinary });
    });
    client.receive((message) => {
      ports.next(message, toServer);
    });
  });
  server.on('error', (error: Error & { readonly code?: string }) => {
    // The message may hold the address, and with it a password.
    if (client.isOpen()) log.warn({ reason: error.code }, 'the server behind a WebSocket failed');
    client.end(endings.upstreamFailed);
  });
  server.on('close', (code, reason) => {
    const ending: Ending = { code, reason: reason.toString() };
    client.end(passedOn(ending, endings.upstreamFailed));
  });
}
