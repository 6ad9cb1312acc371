import type { WebSocket } from 'ws';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';

const maxMissed = 2;

/** How a connection is kept alive. */
export interface KeepAliveDeps {
  readonly startTimer: StartTimer;
  /** Milliseconds between two pings: a proxy on the way that cuts idle connections earlier would end it. */
  readonly pingIntervalMs: number;
}

/**
 * Pings the other side (RFC 6455 §5.5.2) and cuts the connection when two pings went unanswered;
 * a side that was paused for that long waits for another one that does not read, and is cut too.
 * `ws` answers pings, and cuts who pings without reading the answers.
 */
export function keepAlive(socket: WebSocket, { startTimer, pingIntervalMs }: KeepAliveDeps): void {
  let unanswered = 0;
  let stop: StopTimer;
  const tick = (): void => {
    if (unanswered >= maxMissed) {
      socket.terminate();
      return;
    }
    unanswered += 1;
    if (socket.readyState === socket.OPEN) socket.ping();
    stop = startTimer(pingIntervalMs, tick);
  };
  stop = startTimer(pingIntervalMs, tick);
  socket.on('pong', () => {
    unanswered = 0;
  });
  socket.once('close', () => {
    stop();
  });
}
