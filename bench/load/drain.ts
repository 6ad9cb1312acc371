import { openWorker, type Worker, type LoadOptions, type Work } from './worker.ts';

const reconnectDelayMs = 50;

/**
 * Sends all requests as fast as responses arrive, like a proxy in front of many browsers. If a connection breaks, its request
 * is sent again over a new one; its latency includes both attempts. A request with any response is not sent again.
 */
export function drain({ port, connections, supply, tally }: LoadOptions): Promise<void> {
  return new Promise((resolve) => {
    let busy = connections;
    const open = (): Worker => openWorker({ port, tally, onFree: sendNext, onBroken });
    const onBroken = (lost: Work | undefined) => {
      tally.countReconnect();
      setTimeout(() => {
        if (lost !== undefined) open().send(lost);
      }, reconnectDelayMs);
    };
    const sendNext = (worker: Worker) => {
      const request = supply();
      if (request !== undefined) {
        worker.send({ request, intended: performance.now() });
        return;
      }
      worker.close();
      busy -= 1;
      if (busy === 0) resolve();
    };
    tally.start();
    for (let i = 0; i < connections; i += 1) sendNext(open());
  });
}
