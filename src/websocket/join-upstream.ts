import type { WebSocket } from 'ws';
import { closeCodes, forwardedCloseCode } from './close-codes.ts';
import { closeSocket, type Connection, type Message } from './connection.ts';
import { keepAlive, type KeepAliveDeps } from './keep-alive.ts';

/** Called when a message arrives. Returns the function to call when the message is delivered. */
type StartDelivery = () => () => void;

/** Measures the messages of one connection. */
export interface Traffic {
  readonly fromClient: StartDelivery;
  readonly toClient: StartDelivery;
}

/** Closes the upstream connection together with the client's; call it as soon as both exist. */
export function closeWithClient(
  client: Connection,
  server: WebSocket,
  { startTimer }: Pick<KeepAliveDeps, 'startTimer'>,
): void {
  client.onClose((closeCode) => {
    closeSocket(server, forwardedCloseCode(closeCode, closeCodes.goingAway), startTimer);
  });
}

/**
 * Forwards messages and close codes between a client and the upstream server; pings are not forwarded. `next` receives
 * each message of the client and the function that forwards it.
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
    const received = { code, reason: reason.toString() };
    client.close(forwardedCloseCode(received, closeCodes.upstreamFailed));
  });
  // It may have closed while no listener was attached.
  if (server.readyState === server.CLOSED) client.close(closeCodes.upstreamFailed);
  server.resume();
  client.onMessage((message) => {
    deps.next(message, toServer);
  });
}

/** The error code of `ws` for a message over `maxPayload`. */
const tooLarge = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

/** Limits for unsent messages. Small messages cost more than their bytes. */
const maxUnsent = { bytes: 256 * 1024, messages: 256 } as const;

/** Forwards messages from one side to the other. Backpressure: pauses the sender while the receiver does not read. */
export function createPipe(
  { from, to }: { readonly from: WebSocket; readonly to: WebSocket },
  startDelivery: StartDelivery,
): (message: Message) => void {
  let unsent = 0;
  const isBlocked = () => to.bufferedAmount > maxUnsent.bytes || unsent > maxUnsent.messages;
  return ({ data, isBinary }) => {
    unsent += 1;
    const delivered = startDelivery();
    to.send(data, { binary: isBinary }, (error) => {
      unsent -= 1;
      if (!error) delivered();
      if (from.isPaused && !isBlocked()) from.resume();
    });
    if (isBlocked()) from.pause();
  };
}
