import { createBatchedRead } from './batched-read.ts';
import type { Database } from './client.ts';

/** What a row of a lookup has: the place, from 1, of the texts that it belongs to. */
export interface BatchedRow {
  readonly place: number;
}

/**
 * A prepared statement that finds one row for each list of texts, past Prisma, because it stands in the way of every
 * decision. It takes a JSON list of such lists as `$1` (`asked`), and gives a row with its `place` for those that were found.
 */
export function createBatchedLookup<Row extends BatchedRow>(
  database: Database,
  statement: { readonly name: string; readonly text: string },
): (texts: readonly string[]) => Promise<Row | undefined> {
  return createBatchedRead(async (questions: readonly (readonly string[])[]) => {
    const rows = await database.execute({ ...statement, values: [JSON.stringify(questions)] });
    const found = new Array<Row | undefined>(questions.length).fill(undefined);
    for (const row of rows as readonly Row[]) found[row.place - 1] = row;
    return found;
  });
}

/**
 * What the statement of a lookup takes its texts from. Each is a column here, because row-level security lets an index be
 * asked only for what was worked out before: not for `texts ->> 1`. Those that a lookup does not pass are NULL.
 */
export const requests = `(
    SELECT place::int, texts,
      texts ->> 0 AS first, texts ->> 1 AS second, texts ->> 2 AS third, texts ->> 3 AS fourth
    FROM json_array_elements($1::json) WITH ORDINALITY AS list(texts, place) OFFSET 0
  ) AS asked`;
