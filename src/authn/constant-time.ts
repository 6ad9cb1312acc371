import { timingSafeEqual } from 'node:crypto';

/** Compares two texts. The time that it takes depends only on their lengths. */
export function equalsConstantTime(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
