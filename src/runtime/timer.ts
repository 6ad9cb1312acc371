/** Cancels a timer. Has no effect after the timer has run or was cancelled. */
export type StopTimer = () => void;

/** Runs a function once after a delay of at most 2 147 483 647 ms. Node would run a longer delay at once. */
export type StartTimer = (delayMs: number, run: () => void) => StopTimer;

/** The injected time. `now` is in milliseconds since the epoch. */
export interface Clock {
  readonly now: () => number;
  readonly startTimer: StartTimer;
}
