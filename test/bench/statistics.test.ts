import { describe, expect, it } from 'vitest';
import { compare, median, percentile } from '../../bench/statistics.ts';

describe('median', () => {
  it.each([
    [[7], 7],
    [[3, 1, 2], 2],
    [[10, 9, 2, 1], 5.5],
    [[], NaN],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('%d of 1 to 100 is %d', (share, expected) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  it('of a few values is one of them: the slowest is not averaged away', () => {
    expect(percentile([1, 2, 1000], 0.99)).toBe(1000);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('compare', () => {
  it('gives the ratio of the medians, and the rounds’ own', () => {
    expect(compare([100, 300, 200], [100, 100, 400])).toEqual({ ratio: 2, least: 0.5, most: 3 });
  });

  it('refuses what was not measured side by side', () => {
    expect(() => compare([1, 2], [1])).toThrow(RangeError);
  });
});
