/** Calls a timer off; after it ran, and a second time, that does nothing. */
export type StopTimer = () => void;

/** Runs something once after so many milliseconds, at most 2 147 483 647: Node runs what is later at once. */
export type StartTimer = (delayMs: number, run: () => void) => StopTimer;

/** Time as it comes into the application; `now` in milliseconds since the epoch. */
export interface Clock {
  readonly now: () => number;
  readonly startTimer: StartTimer;
}
