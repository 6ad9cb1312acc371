import { setImmediate } from 'node:timers/promises';
import { createBatches } from '../runtime/batches.ts';
import type { Database } from './client.ts';

/** Maximum number of requests in one statement. */
const maxBatch = 256;

/**
 * Combines concurrent requests in one statement, which starts after all of them have arrived. The results of `readMany` have
 * the order of the requests.
 */
export function createBatchedRead<Request, Result>(
  readMany: (requests: readonly Request[]) => Promise<readonly Result[]>,
): (request: Request) => Promise<Result> {
  // Combines only requests of the same turn of the event loop, so that no request waits for later ones.
  const beforeFirst = () => setImmediate();
  return createBatches({ run: readMany, maxItems: maxBatch, beforeFirst }).add;
}

/** A result row with the number of its request, counted from 1. */
export interface BatchedRow {
  readonly place: number;
}

/**
 * A prepared statement that finds at most one row for each list of texts. It bypasses Prisma, because every decision
 * waits for this lookup. Its parameter `$1` is a JSON array of the lists. Each result row has the `place` of its list.
 */
export function createBatchedLookup<Row extends BatchedRow>(
  database: Database,
  statement: { readonly name: string; readonly text: string },
): (texts: readonly string[]) => Promise<Row | undefined> {
  return createBatchedRead(async (keys: readonly (readonly string[])[]) => {
    const rows = await database.execute({ ...statement, values: [JSON.stringify(keys)] });
    const found = new Array<Row | undefined>(keys.length).fill(undefined);
    for (const row of rows as readonly Row[]) found[row.place - 1] = row;
    return found;
  });
}

/**
 * Reads the requests of a lookup as a table, with one column for each text: with row-level security PostgreSQL uses an
 * index only for computed values, not for `texts ->> 1`. Missing texts are NULL.
 */
export const requests = `(
    SELECT place::int, texts,
      texts ->> 0 AS first, texts ->> 1 AS second, texts ->> 2 AS third, texts ->> 3 AS fourth
    FROM json_array_elements($1::json) WITH ORDINALITY AS list(texts, place) OFFSET 0
  ) AS requested`;
