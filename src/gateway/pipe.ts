import type { WebSocket } from 'ws';
import type { Message } from './connection.ts';

/** How much may wait for a slow reader before the writer has to wait, in bytes and in messages. */
const mostWaiting = { bytes: 256 * 1024, messages: 256 } as const;

/** True when this side reads too slowly for what is sent to it. */
export function isFull(socket: WebSocket): boolean {
  return socket.bufferedAmount > mostWaiting.bytes;
}

/**
 * Makes what sends on messages of one side to the other. The one is paused while the other does not read,
 * so memory does not grow: TCP then slows down whoever writes.
 */
export function createPipe(from: WebSocket, to: WebSocket): (message: Message) => void {
  let waiting = 0;
  // Small messages cost more than their bytes.
  const isStuck = () => isFull(to) || waiting > mostWaiting.messages;
  return ({ data, isBinary }) => {
    waiting += 1;
    to.send(data, { binary: isBinary }, () => {
      waiting -= 1;
      if (from.isPaused && !isStuck()) from.resume();
    });
    if (isStuck()) from.pause();
  };
}
