import type { WebSocket } from 'ws';
import { closeCodes, forwardedCloseCode, type CloseCode } from './close-codes.ts';
import { closeSocket, type Connection, type Message } from './connection.ts';
import { keepAlive, type KeepAliveDeps } from './keep-alive.ts';
import { createPipe, type StartDelivery } from './pipe.ts';

/** What measures the messages of one connection, each way. */
export interface Traffic {
  readonly fromClient: StartDelivery;
  readonly toClient: StartDelivery;
}

/** Ends the connection to the server behind with the client's; call it as soon as both are there. */
export function closeWithClient(
  client: Connection,
  server: WebSocket,
  { startTimer }: Pick<KeepAliveDeps, 'startTimer'>,
): void {
  client.onClose((ending) => {
    closeSocket(server, forwardedCloseCode(ending, closeCodes.goingAway), startTimer);
  });
}

/**
 * Joins a client with the server behind: messages and close codes go both ways, pings are each side's own.
 * `next` gets the client's messages, with what sends one on.
 */
export function joinUpstream(
  client: Connection,
  server: WebSocket,
  deps: KeepAliveDeps & {
    readonly next: (message: Message, send: (message: Message) => void) => void;
    readonly traffic: Traffic;
  },
): void {
  const { traffic } = deps;
  const toServer = createPipe({ from: client.socket, to: server }, traffic.fromClient);
  const toClient = createPipe({ from: server, to: client.socket }, traffic.toClient);
  keepAlive(server, deps);
  server.on('message', (data, isBinary) => {
    // With its default `binaryType`, `ws` gives whole messages in one buffer.
    if (client.isOpen()) toClient({ data: data as Buffer, isBinary });
  });
  server.on('error', ({ code }: Error & { readonly code?: string }) => {
    client.close(code === tooLarge ? closeCodes.messageTooLarge : closeCodes.upstreamFailed);
  });
  server.on('close', (code, reason) => {
    const ending: CloseCode = { code, reason: reason.toString() };
    client.close(forwardedCloseCode(ending, closeCodes.upstreamFailed));
  });
  // It may have closed while no listener was attached.
  if (server.readyState === server.CLOSED) client.close(closeCodes.upstreamFailed);
  server.resume();
  client.onMessage((message) => {
    deps.next(message, toServer);
  });
}

/** What `ws` calls a message beyond its `maxPayload`. */
const tooLarge = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
