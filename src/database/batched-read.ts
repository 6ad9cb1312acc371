import { setImmediate } from 'node:timers/promises';
import { createBatches } from '../runtime/batches.ts';

/** Questions of one statement at most. */
const maxBatch = 256;

/** Answers questions with one statement: the answer to each stands in its question's place. Throws `Unavailable`. */
export type ReadMany<Request, Result> = (
  questions: readonly Request[],
) => Promise<readonly Result[]>;

/** Asks together what is asked at the same time. Each question is in a statement that begins after it was asked. */
export function createBatchedRead<Request, Result>(
  readMany: ReadMany<Request, Result>,
): (question: Request) => Promise<Result> {
  // What arrived with the same turn of the event loop goes together; nobody waits for what has yet to arrive.
  const beforeFirst = () => setImmediate();
  return createBatches({ run: readMany, maxItems: maxBatch, beforeFirst }).add;
}
