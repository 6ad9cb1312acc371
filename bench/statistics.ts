/** The middle of these values, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The smallest of these sorted values that is not below so large a share (0 to 1) of them: the nearest rank; NaN of none. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** How many times as fast one is as another, and the least and the most that any round saw. */
export interface Ratio {
  readonly ratio: number;
  readonly least: number;
  readonly most: number;
}

/** Compares two contestants that were measured in the same rounds. Throws when they were not. */
export function compare(ours: readonly number[], theirs: readonly number[]): Ratio {
  if (ours.length !== theirs.length) throw new RangeError('Measured in different rounds');
  const each = ours.map((value, round) => value / (theirs[round] ?? NaN));
  return {
    ratio: median(ours) / median(theirs),
    least: Math.min(...each),
    most: Math.max(...each),
  };
}
