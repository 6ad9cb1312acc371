import { openWorker, type Worker, type Means, type Work } from './worker.ts';

/** Milliseconds after which a broken connection is opened again. */
const pause = 50;

/**
 * Sends everything there is, as a proxy in front of many browsers does. If a connection breaks, its request is sent
 * again over a new one, and its latency goes on counting. Any answer is final.
 */
export function drain({ port, connections, supply, tally }: Means): Promise<void> {
  return new Promise((resolve) => {
    let busy = connections;
    const open = (): Worker => openWorker({ port, tally, onFree: sendNext, onBroken });
    const onBroken = (lost: Work | undefined) => {
      tally.countReconnect();
      setTimeout(() => {
        if (lost !== undefined) open().give(lost);
      }, pause);
    };
    const sendNext = (worker: Worker) => {
      const request = supply();
      if (request !== undefined) {
        worker.give({ request, intended: performance.now() });
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
