import { createRequestQueue, queueLimits, NoResponse } from '../../runtime/request-queue.ts';
import type { StartTimer } from '../../runtime/timer.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { HostDatabase } from './host-database.ts';

/** As many as the connections of the pool. */
const maxInFlight = 10;

/** As the timeout of a statement, in milliseconds. */
const silenceMs = 3_000;

/**
 * Queues the queries of a host's database here, and not in the pool of the driver, which gives them up after three
 * seconds although the server responds to others. After a restart of the Pusher server, all visitors are read at once.
 */
export function queueQueries(database: HostDatabase, startTimer: StartTimer): HostDatabase {
  const queue = createRequestQueue({ ...queueLimits, maxConcurrent: maxInFlight }, startTimer);
  return {
    ...database,
    findRow: async <Row extends object>(query: string, parameters: readonly string[]) => {
      const findNow = async () => {
        const row = await database.findRow<Row>(query, parameters);
        queue.responded();
        return row;
      };
      try {
        return await queue.run(findNow, silenceMs);
      } catch (error) {
        throw error instanceof NoResponse
          ? new Unavailable('host database', { cause: error })
          : error;
      }
    },
  };
}
