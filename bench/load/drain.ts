import { openConnection } from './connection.ts';
import type { Job } from './job.ts';
import type { PreparedRequest } from './request.ts';
import type { Supply } from './supply.ts';
import type { Tally } from './tally.ts';

/** Milliseconds after which a broken connection is opened again. */
const pause = 50;

interface UnderWay {
  readonly request: PreparedRequest;
  readonly since: number;
}

/**
 * Sends everything there is, over so many connections, as a proxy before a crowd of browsers does: where a connection
 * breaks, its request is sent again over a new one, and waits all the while. Any answer is final.
 */
export async function drain(
  { port, connections }: Pick<Job, 'port' | 'connections'>,
  { supply, tally }: { readonly supply: Supply; readonly tally: Tally },
): Promise<void> {
  tally.start();
  const next = (): UnderWay | undefined => {
    const request = supply();
    return request && { request, since: performance.now() };
  };
  const work = (first: UnderWay | undefined): Promise<void> =>
    new Promise((resolve) => {
      let current = first;
      const connect = () => {
        const sendOrEnd = () => {
          if (current !== undefined) {
            connection.send(current.request.bytes);
            return;
          }
          connection.close();
          resolve();
        };
        const connection = openConnection({
          port,
          onAnswer: (answer) => {
            if (current !== undefined) tally.take(answer, current.request, current.since);
            current = next();
            sendOrEnd();
          },
          onBroken: () => {
            tally.countResent();
            setTimeout(connect, pause);
          },
        });
        sendOrEnd();
      };
      connect();
    });
  await Promise.all(Array.from({ length: connections }, () => work(next())));
}
