import type { WebSocket } from 'ws';
import type { Message } from './connection.ts';

/** Called when a message has come; gives what is called when it has been handed over. */
export type StartDelivery = () => () => void;

/** How much may wait for a slow reader before the writer has to wait, in bytes and in messages. */
const maxWaiting = { bytes: 256 * 1024, messages: 256 } as const;

/**
 * Makes what sends on messages of one side to the other. The one is paused while the other does not read,
 * so memory does not grow: TCP then slows down whoever writes.
 */
export function createPipe(
  { from, to }: { readonly from: WebSocket; readonly to: WebSocket },
  startDelivery: StartDelivery,
): (message: Message) => void {
  let waiting = 0;
  // Small messages cost more than their bytes.
  const isBlocked = () => to.bufferedAmount > maxWaiting.bytes || waiting > maxWaiting.messages;
  return ({ data, isBinary }) => {
    waiting += 1;
    const delivered = startDelivery();
    to.send(data, { binary: isBinary }, (error) => {
      waiting -= 1;
      if (!error) delivered();
      if (from.isPaused && !isBlocked()) from.resume();
    });
    if (isBlocked()) from.pause();
  };
}
