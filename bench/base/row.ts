import { compare, median, type Ratio } from '../statistics.ts';

/** A value of the commit, and of the current build. */
export interface Pair<T> {
  readonly before: T;
  readonly now: T;
}

/** A line of the table: what was measured, with a value for each round. */
export interface Row extends Pair<readonly number[]> {
  readonly what: string;
}

/** Makes the row of a value that each measurement has. */
export function rowOf<T>(
  what: string,
  { before, now }: Pair<readonly T[]>,
  value: (measured: T) => number,
): Row {
  return { what, before: before.map(value), now: now.map(value) };
}

/** The medians of a row and their ratio. */
export function summaryOf({ before, now }: Row): Pair<number> & Ratio {
  return { before: median(before), now: median(now), ...compare(now, before) };
}
