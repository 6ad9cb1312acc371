import type { WebSocket } from 'ws';
import type { StartTimer } from '../runtime/timer.ts';
import { closeCodes, type CloseCode } from './close-codes.ts';

/** One text or binary message. */
export interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** A client's WebSocket. After the close, from either side, messages of the client are ignored. */
export interface Connection {
  readonly socket: WebSocket;
  readonly isOpen: () => boolean;
  /** Closes it; only the first call has an effect. */
  readonly close: (code: CloseCode) => void;
  /** Runs on close, or at once if it is closed. 1005 is a close without a code, 1006 a lost connection (RFC 6455 §7.1.5). */
  readonly onClose: (run: (code: CloseCode) => void) => void;
  readonly send: (message: object) => void;
  /** The next message, or `undefined` if the connection closes first. Later messages stay queued. */
  readonly next: () => Promise<Message | undefined>;
  /** Receives the queued messages, then each new one. */
  readonly onMessage: (receiver: (message: Message) => void) => void;
}

/**
 * Limits for queued messages. Over the first limit the client is paused, and not earlier, since the close of a paused
 * client is not detected. Over the second, which only messages in one TCP segment can reach, the connection is closed.
 */
const maxQueued = { unpaused: 8, all: 64 } as const;
/** The timeout for the response to a close frame. */
const closeTimeoutMs = 3_000;

/** Wraps a new WebSocket. Call it at once: otherwise the first message is lost. */
export function createConnection(socket: WebSocket, startTimer: StartTimer): Connection {
  const closeHandlers: ((code: CloseCode) => void)[] = [];
  let closedWith: CloseCode | undefined;
  const finish = (code: CloseCode): void => {
    closedWith = code;
    for (const run of closeHandlers) run(code);
  };
  const onClose: Connection['onClose'] = (run) => {
    if (closedWith === undefined) closeHandlers.push(run);
    else run(closedWith);
  };
  const close: Connection['close'] = (code) => {
    if (closedWith !== undefined) return;
    finish(code);
    closeSocket(socket, code, startTimer);
  };
  // `ws` has already sent the close code for the protocol error, but would wait 30 s for the response.
  socket.on('error', () => {
    close({ code: 1006, reason: '' });
  });
  socket.on('close', (code, reason) => {
    if (closedWith === undefined) finish({ code, reason: reason.toString() });
  });
  const isOpen = () => closedWith === undefined;
  const send: Connection['send'] = (message) => {
    if (isOpen()) socket.send(JSON.stringify(message));
  };
  return {
    socket,
    isOpen,
    close,
    onClose,
    send,
    ...createInbox(socket, { isOpen, close, onClose }),
  };
}

function createInbox(
  socket: WebSocket,
  { isOpen, close, onClose }: Pick<Connection, 'isOpen' | 'close' | 'onClose'>,
): Pick<Connection, 'next' | 'onMessage'> {
  const queue: Message[] = [];
  let receiver: ((message: Message) => void) | undefined;
  socket.on('message', (data, isBinary) => {
    // Messages still arrive until the close handshake completes; a client whose access was revoked must not send any.
    if (!isOpen()) return;
    // With its default `binaryType`, `ws` gives whole messages in one buffer.
    const message = { data: data as Buffer, isBinary };
    if (receiver !== undefined) {
      receiver(message);
      return;
    }
    queue.push(message);
    if (queue.length > maxQueued.all) close(closeCodes.tooManyMessages);
    else if (queue.length > maxQueued.unpaused) socket.pause();
  });
  return {
    next: () =>
      new Promise((resolve) => {
        const receiveOne = (message: Message): void => {
          receiver = undefined;
          resolve(message);
        };
        onClose(() => {
          resolve(undefined);
        });
        const first = queue.shift();
        if (first !== undefined) receiveOne(first);
        else receiver = receiveOne;
      }),
    onMessage: (next) => {
      // Before the queued messages: one of them may pause the client again.
      socket.resume();
      receiver = next;
      for (const message of queue.splice(0)) {
        if (isOpen()) next(message);
      }
    },
  };
}

/** Sends a close frame, unless one was sent, and terminates the connection if there is no response within 3 s. */
export function closeSocket(
  socket: WebSocket,
  { code, reason }: CloseCode,
  startTimer: StartTimer,
): void {
  if (socket.readyState === socket.CLOSED) return;
  const stop = startTimer(closeTimeoutMs, () => {
    socket.terminate();
  });
  socket.once('close', stop);
  // A paused socket would not read the response.
  if (socket.isPaused) socket.resume();
  if (socket.readyState === socket.OPEN) socket.close(code, reason);
  else if (socket.readyState === socket.CONNECTING) socket.terminate();
}
