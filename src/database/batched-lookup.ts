import { createBatchedRead } from './batched-read.ts';
import type { Database } from './client.ts';

/** A result row with the position, from 1, of its request. */
export interface BatchedRow {
  readonly place: number;
}

/**
 * A prepared statement that finds one row for each list of texts, without Prisma, because each decision waits for it. Its
 * parameter `$1` is a JSON array of these lists; each row that it returns has the `place` of its list.
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
 * The requests of a lookup as a table. Each text is a column: with row-level security an index can be used only for
 * values that are already computed, not for `texts ->> 1`. Missing texts are NULL.
 */
export const requests = `(
    SELECT place::int, texts,
      texts ->> 0 AS first, texts ->> 1 AS second, texts ->> 2 AS third, texts ->> 3 AS fourth
    FROM json_array_elements($1::json) WITH ORDINALITY AS list(texts, place) OFFSET 0
  ) AS asked`;
