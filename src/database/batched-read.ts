import { setImmediate } from 'node:timers/promises';
import { createBatches } from '../runtime/batches.ts';

/** Maximum number of requests in one statement. */
const maxBatch = 256;

/** Reads many requests with one statement. The results have the order of the requests. Throws `Unavailable`. */
export type ReadMany<Request, Result> = (
  requests: readonly Request[],
) => Promise<readonly Result[]>;

/** Combines concurrent requests in one statement, which starts after all of them have arrived. */
export function createBatchedRead<Request, Result>(
  readMany: ReadMany<Request, Result>,
): (request: Request) => Promise<Result> {
  // Combines only requests of the same turn of the event loop, so that no request waits for later ones.
  const beforeFirst = () => setImmediate();
  return createBatches({ run: readMany, maxItems: maxBatch, beforeFirst }).add;
}
