import type { WebSocket } from 'ws';
import type { StartTimer, StopTimer } from '../core/timer.ts';

/** Time between two pings, in milliseconds: below the idle time-outs of usual load balancers (60 s). */
const pingInterval = 30_000;
const mostMissed = 2;

/**
 * Pings the other side every 30 s (RFC 6455 §5.5.2) and cuts the connection when two pings went unanswered;
 * a side that was paused for that long waits for another one that does not read, and is cut too.
 * `ws` answers pings, and cuts who pings without reading the answers.
 */
export function keepAlive(socket: WebSocket, startTimer: StartTimer): void {
  let unanswered = 0;
  let stop: StopTimer;
  const tick = (): void => {
    if (unanswered >= mostMissed) {
      socket.terminate();
      return;
    }
    unanswered += 1;
    if (socket.readyState === socket.OPEN) socket.ping();
    stop = startTimer(pingInterval, tick);
  };
  stop = startTimer(pingInterval, tick);
  socket.on('pong', () => {
    unanswered = 0;
  });
  socket.once('close', () => {
    stop();
  });
}
