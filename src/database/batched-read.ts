import { setImmediate } from 'node:timers/promises';
import { createBatches } from '../runtime/batches.ts';

/** Requests per statement. */
const maxBatch = 256;

/** Reads many requests with one statement; results have the order of the requests. Throws `Unavailable`. */
export type ReadMany<Request, Result> = (
  requests: readonly Request[],
) => Promise<readonly Result[]>;

/** Combines concurrent requests in one statement, which begins after all of them. */
export function createBatchedRead<Request, Result>(
  readMany: ReadMany<Request, Result>,
): (request: Request) => Promise<Result> {
  // Only requests of the same turn of the event loop are combined, so none waits for later ones.
  const beforeFirst = () => setImmediate();
  return createBatches({ run: readMany, maxItems: maxBatch, beforeFirst }).add;
}
