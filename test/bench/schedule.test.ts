import { describe, expect, it } from 'vitest';
import { intendedAt, requestsWithin, rotated } from '../../bench/schedule.ts';

describe('an open loop', () => {
  it('starts at 0 and has a constant interval', () => {
    expect([0, 1, 2, 4_000].map((index) => intendedAt(index, 4_000))).toEqual([
      0, 0.25, 0.5, 1_000,
    ]);
  });

  it.each([
    [1.5, 3_000, 4_500],
    [2, 0.1, 1],
    [1, 2.9, 2],
  ])('of %d s at %d requests per second sends %d', (seconds, rate, expected) => {
    expect(requestsWithin(seconds, rate)).toBe(expected);
  });

  it('plans all requests within its duration', () => {
    const count = requestsWithin(1.5, 6_789.1);
    expect(intendedAt(count - 1, 6_789.1)).toBeLessThan(1_500);
    expect(intendedAt(count + 1, 6_789.1)).toBeGreaterThan(1_500);
  });
});

describe('rounds', () => {
  it('contain each item once and start with a different one', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
    expect(rotated([], 1)).toEqual([]);
  });
});
