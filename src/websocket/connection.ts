import type { WebSocket } from 'ws';
import type { StartTimer } from '../runtime/timer.ts';
import { closeCodes, type CloseCode } from './close-codes.ts';

/** One message, text or binary, as it came. */
export interface Message {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** A client's WebSocket. From its end on, whoever ended it, nothing of the client is heard any more. */
export interface Connection {
  readonly socket: WebSocket;
  readonly isOpen: () => boolean;
  /** Ends it; only the first ending counts. */
  readonly close: (code: CloseCode) => void;
  /** Runs this at the end, or at once after it. A close without a code is 1005, a cut 1006 (RFC 6455 §7.1.5). */
  readonly onClose: (run: (code: CloseCode) => void) => void;
  readonly send: (message: object) => void;
  /** Takes the next message and keeps the others; `undefined` when it ends before. */
  readonly next: () => Promise<Message | undefined>;
  /** Hands over all messages from here on, those that waited first. */
  readonly onMessage: (receiver: (message: Message) => void) => void;
}

/**
 * How many messages may wait here. Beyond the first number the client is paused, and not before: the end of a paused client
 * is not seen. Beyond the second, which only messages that came in one piece can reach, the connection ends.
 */
const maxWaiting = { unpaused: 8, all: 64 } as const;
/** How long the other side may take to answer a close frame, in milliseconds. */
const closeTimeoutMs = 3_000;

/** Wraps a WebSocket that was just opened: call it at once, or the first message is lost. */
export function createConnection(socket: WebSocket, startTimer: StartTimer): Connection {
  const closeHandlers: ((ending: CloseCode) => void)[] = [];
  let closedWith: CloseCode | undefined;
  const finish = (ending: CloseCode): void => {
    closedWith = ending;
    for (const run of closeHandlers) run(ending);
  };
  const onClose: Connection['onClose'] = (run) => {
    if (closedWith === undefined) closeHandlers.push(run);
    else run(closedWith);
  };
  const close: Connection['close'] = (ending) => {
    if (closedWith !== undefined) return;
    finish(ending);
    closeSocket(socket, ending, startTimer);
  };
  // `ws` has already answered what is too large or no WebSocket with the proper code, but would wait 30 s for an answer.
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
  const waiting: Message[] = [];
  let receiver: ((message: Message) => void) | undefined;
  socket.on('message', (data, isBinary) => {
    // Before the close frame is answered, messages still arrive: a client that was thrown out must not be heard.
    if (!isOpen()) return;
    // With its default `binaryType`, `ws` gives whole messages in one buffer.
    const message = { data: data as Buffer, isBinary };
    if (receiver !== undefined) {
      receiver(message);
      return;
    }
    waiting.push(message);
    if (waiting.length > maxWaiting.all) close(closeCodes.tooManyMessages);
    else if (waiting.length > maxWaiting.unpaused) socket.pause();
  });
  return {
    next: () =>
      new Promise((resolve) => {
        const taken = (message: Message | undefined): void => {
          receiver = undefined;
          resolve(message);
        };
        onClose(() => {
          resolve(undefined);
        });
        const [first] = waiting.splice(0, 1);
        if (first !== undefined) taken(first);
        else receiver = taken;
      }),
    onMessage: (next) => {
      // Before the messages that wait: one of them may pause the client again.
      socket.resume();
      receiver = next;
      for (const message of waiting.splice(0)) {
        if (isOpen()) next(message);
      }
    },
  };
}

/** Sends a close frame unless one was sent, and cuts the connection when it is not answered within 3 s. */
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
  // A paused socket would never see the answer.
  if (socket.isPaused) socket.resume();
  if (socket.readyState === socket.OPEN) socket.close(code, reason);
  else if (socket.readyState === socket.CONNECTING) socket.terminate();
}
