/** Planned time of a request in milliseconds after the start, by its index (from 0) and the rate per second. */
export function intendedAt(index: number, rate: number): number {
  return (index * 1000) / rate;
}

/** Number of requests that an open loop sends in this time; at least 1. */
export function requestsWithin(seconds: number, rate: number): number {
  return Math.max(1, Math.floor(seconds * rate));
}

/** Rotates the order by one per round, so that the first position, and its effect on the result, changes. */
export function rotated<T>(items: readonly T[], round: number): readonly T[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
