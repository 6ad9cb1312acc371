import { compare, median, type Ratio } from '../statistics.ts';

/** Values of the earlier commit and of the current build. */
export interface Pair<T> {
  readonly before: T;
  readonly now: T;
}

/** One row of the table, with one value per round. */
export interface Row extends Pair<readonly number[]> {
  readonly metric: string;
}

/** Creates a row from one value of each measurement. */
export function rowOf<T>(
  metric: string,
  { before, now }: Pair<readonly T[]>,
  value: (measured: T) => number,
): Row {
  return { metric, before: before.map(value), now: now.map(value) };
}

/** The medians of a row and their ratio. */
export function summaryOf({ before, now }: Row): Pair<number> & Ratio {
  return { before: median(before), now: median(now), ...compare(now, before) };
}
