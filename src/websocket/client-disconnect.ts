import type { Socket } from 'node:net';

/** Watches a client during its handshake. */
export interface ClientDisconnect {
  readonly signal: AbortSignal;
  /** Removes the listeners; call it before the upgrade. */
  readonly stop: () => void;
}

/**
 * Aborts the signal when the client closes the connection or its sending half, or when `closing` is aborted. A client
 * that closed its half cannot send WebSocket frames. Reads no data.
 */
export function watchClientDisconnect(socket: Socket, closing: AbortSignal): ClientDisconnect {
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
