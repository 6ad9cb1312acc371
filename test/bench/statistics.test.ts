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

  it('does not modify the values', () => {
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

  it('returns one of few values without interpolation', () => {
    expect(percentile([1, 2, 1000], 0.99)).toBe(1000);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('compare', () => {
  it('returns the ratio of the medians, and the minimum and maximum ratio of a round', () => {
    expect(compare([100, 300, 200], [100, 100, 400])).toEqual({ ratio: 2, min: 0.5, max: 3 });
  });

  it('throws if the numbers of rounds differ', () => {
    expect(() => compare([1, 2], [1])).toThrow(RangeError);
  });
});
