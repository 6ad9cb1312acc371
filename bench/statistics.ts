/** The median; NaN if there are no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The percentile (`share` from 0 to 1) of sorted values by the nearest-rank method; NaN if there are no values. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** A ratio of medians, with the minimum and maximum ratio of a round. */
export interface Ratio {
  readonly ratio: number;
  readonly min: number;
  readonly max: number;
}

/** Compares the values of two contestants, one per round. Throws if the numbers of rounds differ. */
export function compare(ours: readonly number[], theirs: readonly number[]): Ratio {
  if (ours.length !== theirs.length) throw new RangeError('The numbers of rounds differ');
  const each = ours.map((value, round) => value / (theirs[round] ?? NaN));
  return {
    ratio: median(ours) / median(theirs),
    min: Math.min(...each),
    max: Math.max(...each),
  };
}
