import type { Clock } from '../../src/runtime/timer.ts';

/** A clock that only a test advances. Timers run when it passes their time. */
export interface TestClock {
  /** Milliseconds since the epoch. Setting it moves the time without running a timer. */
  now: number;
  readonly clock: Clock;
  /** The number of waiting timers. */
  readonly waiting: () => number;
  /** Advances the time by some milliseconds; timers run in order, each at its due time. */
  readonly advance: (milliseconds: number) => void;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Creates a clock at this time. */
export function createTestClock(start: number): TestClock {
  const timers = new Set<Timer>();
  // Timers count elapsed time, like real ones, even if the wall clock is changed.
  let passed = 0;
  const test: TestClock = {
    now: start,
    clock: {
      now: () => test.now,
      startTimer: (milliseconds, run) => {
        if (milliseconds > 2_147_483_647) throw new RangeError('Node would run it at once');
        const timer = { at: passed + milliseconds, run };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    waiting: () => timers.size,
    advance: (milliseconds) => {
      const end = passed + milliseconds;
      const move = (to: number) => {
        test.now += to - passed;
        passed = to;
      };
      for (let runs = 0; runs < 10_000; runs += 1) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        move(next.at);
        next.run();
      }
      move(end);
    },
  };
  return test;
}
