/** When the request of this index (from 0) is to be sent at so many a second, in milliseconds after the start. */
export function intendedAt(index: number, rate: number): number {
  return (index * 1000) / rate;
}

/** How many requests an open loop sends within so many seconds; one at least. */
export function requestsWithin(seconds: number, rate: number): number {
  return Math.max(1, Math.floor(seconds * rate));
}

/** The same contestants, another one first in each round, so that nobody always follows the same neighbour's noise. */
export function rotated<T>(items: readonly T[], round: number): readonly T[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
