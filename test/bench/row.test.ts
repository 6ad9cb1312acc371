import { expect, it } from 'vitest';
import { rowOf, summaryOf } from '../../bench/base/row.ts';

it('returns the ratio of the medians, and the minimum and maximum of all rounds', () => {
  const measured = {
    before: [{ ms: 10 }, { ms: 40 }, { ms: 20 }],
    now: [{ ms: 5 }, { ms: 10 }, { ms: 30 }],
  };
  const row = rowOf('time', measured, ({ ms }) => ms);
  expect(summaryOf(row)).toEqual({ before: 20, now: 10, ratio: 0.5, min: 0.25, max: 1.5 });
});
