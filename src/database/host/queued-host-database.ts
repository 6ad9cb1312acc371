import { createQuestionQueue, queueLimits, Unanswered } from '../../runtime/question-queue.ts';
import type { StartTimer } from '../../runtime/timer.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { HostDatabase } from './host-database.ts';

/** As many as the connections of the pool. */
const maxUnderWay = 10;

/** As the timeout of a statement, in milliseconds. */
const silenceMs = 3_000;

/**
 * Lets questions to a host's database wait in a queue, and not in the pool of the driver, which gives them up after three
 * seconds although the server answers others. After a restart of the Pusher server, all visitors are read at once.
 */
export function queueQuestions(database: HostDatabase, startTimer: StartTimer): HostDatabase {
  const queue = createQuestionQueue({ ...queueLimits, maxConcurrent: maxUnderWay }, startTimer);
  return {
    ...database,
    findRow: async <Row extends object>(query: string, parameters: readonly string[]) => {
      const findNow = async () => {
        const row = await database.findRow<Row>(query, parameters);
        queue.answered();
        return row;
      };
      try {
        return await queue.ask(findNow, silenceMs);
      } catch (error) {
        throw error instanceof Unanswered
          ? new Unavailable('host database', { cause: error })
          : error;
      }
    },
  };
}
