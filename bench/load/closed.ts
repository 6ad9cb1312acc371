import { openWorker, type Worker, type Means } from './worker.ts';

/** Runs a closed loop; resolves when the time or the supply is over and every answer is here. Rejects when a connection breaks. */
export function runClosed(
  { port, connections, supply, tally }: Means,
  seconds: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let busy = connections;
    tally.start();
    const end = performance.now() + seconds * 1000;
    const sendNext = (worker: Worker) => {
      const intended = performance.now();
      const request = intended < end ? supply() : undefined;
      if (request !== undefined) {
        worker.give({ request, intended });
        return;
      }
      worker.close();
      busy -= 1;
      if (busy === 0) resolve();
    };
    const onBroken = () => {
      reject(new Error('A connection broke'));
    };
    for (let i = 0; i < connections; i += 1) {
      sendNext(openWorker({ port, tally, onFree: sendNext, onBroken }));
    }
  });
}
