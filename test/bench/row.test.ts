import { expect, it } from 'vitest';
import { rowOf, summaryOf } from '../../bench/base/row.ts';

it('is the ratio of the medians, with the least and the most of any round', () => {
  const measured = {
    before: [{ ms: 10 }, { ms: 40 }, { ms: 20 }],
    now: [{ ms: 5 }, { ms: 10 }, { ms: 30 }],
  };
  const row = rowOf('time', measured, ({ ms }) => ms);
  expect(summaryOf(row)).toEqual({ before: 20, now: 10, ratio: 0.5, least: 0.25, most: 1.5 });
});
