import { openConnection, type Connection } from './connection.ts';
import type { Job } from './job.ts';
import type { PreparedRequest } from './request.ts';
import type { Supply } from './supply.ts';
import type { Tally } from './tally.ts';

/** Runs a closed loop; resolves when the time or the supply is over and every answer is here. Rejects when a connection breaks. */
export function runClosed(
  { port, connections }: Pick<Job, 'port' | 'connections'>,
  seconds: number,
  { supply, tally }: { readonly supply: Supply; readonly tally: Tally },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let busy = connections;
    tally.start();
    const end = performance.now() + seconds * 1000;
    const open = () => {
      let request: PreparedRequest | undefined;
      let sentAt = 0;
      const sendNext = () => {
        sentAt = performance.now();
        request = sentAt < end ? supply() : undefined;
        if (request !== undefined) {
          connection.send(request.bytes);
          return;
        }
        connection.close();
        busy -= 1;
        if (busy === 0) resolve();
      };
      const connection: Connection = openConnection({
        port,
        onAnswer: (answer) => {
          if (request !== undefined) tally.take(answer, request, sentAt);
          sendNext();
        },
        onBroken: () => {
          reject(new Error('A connection broke'));
        },
      });
      sendNext();
    };
    for (let i = 0; i < connections; i += 1) open();
  });
}
