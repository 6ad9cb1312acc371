import { intendedAt, requestsWithin } from '../schedule.ts';
import { openConnection, type Connection } from './connection.ts';
import type { Job } from './job.ts';
import type { PreparedRequest } from './request.ts';
import type { Supply } from './supply.ts';
import type { Tally } from './tally.ts';

interface UnderWay {
  readonly request: PreparedRequest;
  readonly intended: number;
}

/**
 * Runs an open loop; resolves when every answer is here, and rejects when a connection breaks. A request that finds no free
 * connection waits, and its latency counts from when it was meant to be sent: a server that stalls pays for all who wait.
 */
export function runOpen(
  { port, connections }: Pick<Job, 'port' | 'connections'>,
  { seconds, rate }: { readonly seconds: number; readonly rate: number },
  { supply, tally }: { readonly supply: Supply; readonly tally: Tally },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const total = requestsWithin(seconds, rate);
    const free: ((work: UnderWay) => void)[] = [];
    const all: Connection[] = [];
    let next = 0;
    let answered = 0;
    const sendDue = () => {
      const elapsed = performance.now() - started;
      while (next < total && intendedAt(next, rate) <= elapsed) {
        const give = free.pop();
        if (give === undefined) return;
        const request = supply();
        if (request === undefined) throw new Error('The supply is too small');
        give({ request, intended: started + intendedAt(next, rate) });
        next += 1;
      }
    };
    // Answers look at the clock too, so the timer's own millisecond is rarely waited for.
    const timer = setInterval(sendDue, 1);
    const finish = () => {
      clearInterval(timer);
      for (const connection of all) connection.close();
    };
    const open = () => {
      let work: UnderWay | undefined;
      const take = (given: UnderWay) => {
        work = given;
        connection.send(given.request.bytes);
      };
      const connection = openConnection({
        port,
        onAnswer: (answer) => {
          if (work !== undefined) tally.take(answer, work.request, work.intended);
          free.push(take);
          answered += 1;
          if (answered < total) {
            sendDue();
            return;
          }
          finish();
          resolve();
        },
        onBroken: () => {
          finish();
          reject(new Error('A connection broke'));
        },
      });
      all.push(connection);
      free.push(take);
    };
    for (let i = 0; i < connections; i += 1) open();
    tally.start();
    const started = performance.now();
  });
}
