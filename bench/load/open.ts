import { intendedAt, requestsWithin } from '../schedule.ts';
import { openWorker, type Worker, type LoadOptions } from './worker.ts';

/**
 * Runs an open loop. Resolves after the last response; rejects if a connection breaks. A request waits if no connection is free,
 * and its latency is measured from its planned time, so that it includes the delay that a stalled server causes.
 */
export function runOpen(
  { port, connections, supply, tally }: LoadOptions,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const total = requestsWithin(seconds, rate);
    let next = 0;
    let completed = 0;
    const sendDue = () => {
      const elapsed = performance.now() - started;
      while (next < total && intendedAt(next, rate) <= elapsed && free.length > 0) {
        const request = supply();
        if (request === undefined) throw new Error('Too few requests were prepared');
        // Uses the connection that was idle longest, before the server closes it.
        free.shift()?.send({ request, intended: started + intendedAt(next, rate) });
        next += 1;
      }
    };
    const finish = () => {
      clearInterval(timer);
      for (const worker of workers) worker.close();
    };
    const onFree = (worker: Worker) => {
      free.push(worker);
      completed += 1;
      if (completed < total) {
        sendDue();
        return;
      }
      finish();
      resolve();
    };
    const onBroken = () => {
      finish();
      reject(new Error('A connection broke'));
    };
    const workers = Array.from({ length: connections }, () =>
      openWorker({ port, tally, onFree, onBroken }),
    );
    const free = [...workers];
    tally.start();
    const started = performance.now();
    // Each response also sends due requests, so that a request rarely waits for the timer.
    const timer = setInterval(sendDue, 1);
  });
}
