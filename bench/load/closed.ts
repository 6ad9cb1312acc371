import { openWorker, type Worker, type LoadOptions } from './worker.ts';

/** Runs a closed loop. Resolves after the last response once the time is over or no request is left. Rejects if a connection breaks. */
export function runClosed(
  { port, connections, supply, tally }: LoadOptions,
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
        worker.send({ request, intended });
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
