import { intendedAt, requestsWithin } from '../schedule.ts';
import { openWorker, type Worker, type Means } from './worker.ts';

/**
 * Runs an open loop; resolves when every answer is here, and rejects when a connection breaks. A request that finds no free
 * connection waits, and its latency counts from when it was meant to be sent: a server that stalls pays for all who wait.
 */
export function runOpen(
  { port, connections, supply, tally }: Means,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const total = requestsWithin(seconds, rate);
    let next = 0;
    let answered = 0;
    const sendDue = () => {
      const elapsed = performance.now() - started;
      while (next < total && intendedAt(next, rate) <= elapsed && free.length > 0) {
        const request = supply();
        if (request === undefined) throw new Error('The supply is too small');
        // The one that was idle longest: one that is idle for long is closed by the server.
        free.shift()?.give({ request, intended: started + intendedAt(next, rate) });
        next += 1;
      }
    };
    const finish = () => {
      clearInterval(timer);
      for (const worker of workers) worker.close();
    };
    const onFree = (worker: Worker) => {
      free.push(worker);
      answered += 1;
      if (answered < total) {
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
    // Answers look at the clock too, so the timer's own millisecond is rarely waited for.
    const timer = setInterval(sendDue, 1);
  });
}
