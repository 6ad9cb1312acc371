import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { watchNpmParent, type ProcessWithParent } from '../../src/runtime/exit-cause.ts';
import { createTestClock } from '../support/test-clock.ts';

it.each([
  ['start', 1],
  ['usher', 1],
  ['build', 0],
  [undefined, 0],
])('of npm run %s, the end of npm is reported %d times', async (name, times) => {
  const clock = createTestClock(0);
  const us: { -readonly [Key in keyof ProcessWithParent]: ProcessWithParent[Key] } = {
    env: name === undefined ? {} : { npm_lifecycle_event: name },
    ppid: 7,
  };
  let ends = 0;
  const watching = watchNpmParent(us, clock.clock.startTimer, () => {
    ends += 1;
  });
  await setImmediate();
  clock.advance(1_000);
  await setImmediate();
  expect(ends).toBe(0);
  us.ppid = 1;
  clock.advance(1_000);
  await setImmediate();
  expect(ends).toBe(times);
  await watching.stop();
});
