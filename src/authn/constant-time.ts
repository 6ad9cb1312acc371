import { timingSafeEqual } from 'node:crypto';

/** True when two texts are the same; how long it takes tells their lengths and nothing else. */
export function equalsConstantTime(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
