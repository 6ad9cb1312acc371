import type { Socket } from 'node:net';

/** A client that waits for the answer to its handshake. */
export interface ClientDisconnect {
  readonly signal: AbortSignal;
  /** Ends the watch; call it before the connection is upgraded. */
  readonly stop: () => void;
}

/**
 * Watches a connection that is not read: the signal is aborted when the client closes it, half or wholly, or when
 * `closing` is. A client that closed its half cannot send a WebSocket frame any more. What it sends stays unread.
 */
export function watchClientDisconnect(socket: Socket, closing: AbortSignal): ClientDisconnect {
  const gone = new AbortController();
  const abort = (): void => {
    gone.abort();
  };
  // Node reports the end of a stream only to readers; `read(0)` checks for it, and takes no data.
  const look = (): void => {
    socket.read(0);
  };
  socket.on('readable', look).on('end', abort).on('close', abort);
  if (socket.destroyed) abort();
  return {
    signal: AbortSignal.any([gone.signal, closing]),
    stop: () => {
      socket.off('readable', look).off('end', abort).off('close', abort);
    },
  };
}
