import type { Keys } from '../keys.ts';
import type { Scenario } from './scenarios.ts';

/**
 * How requests follow each other. `closed`: each connection sends when it has its answer, for so many seconds.
 * `open`: so many a second are sent, whether answers come or not. `drain`: so many in all, as fast as they are answered;
 * one whose connection breaks is sent again.
 */
export type Pace =
  | { readonly kind: 'closed'; readonly seconds: number; readonly most: number }
  | { readonly kind: 'open'; readonly seconds: number; readonly rate: number }
  | { readonly kind: 'drain'; readonly requests: number };

/** One measurement. */
export interface Job {
  readonly port: number;
  readonly scenario: Scenario;
  readonly keys: Keys;
  readonly connections: number;
  readonly pace: Pace;
  /** The body of every so many-th answer is looked at too. */
  readonly verifyEvery: number;
}

/** What a measurement found. Times in milliseconds; a latency counts from the moment a request was meant to be sent. */
export interface Measured {
  readonly responses: number;
  readonly elapsed: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers with another status than expected, and bodies that were looked at and were wrong. */
  readonly wrong: number;
  readonly firstWrong: string | undefined;
  readonly verified: number;
  /** How often a connection was opened again, or tried in vain to be. */
  readonly reconnects: number;
  /** Share of its core that the client was busy. */
  readonly clientBusy: number;
}
