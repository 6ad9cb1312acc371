import type { WebSocket } from 'ws';
import type { StartTimer, StopTimer } from '../runtime/timer.ts';

const maxMissed = 2;

export interface KeepAliveDeps {
  readonly startTimer: StartTimer;
  /** Must be shorter than the idle timeout of each proxy in between. */
  readonly pingIntervalMs: number;
}

/**
 * Pings the other side (RFC 6455 §5.5.2) and terminates the connection after two unanswered pings. This includes a side
 * that is paused for so long because the opposite side does not read. `ws` sends pongs.
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
