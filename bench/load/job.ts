import type { Keys } from '../keys.ts';
import type { Scenario } from './scenarios.ts';

/**
 * When requests are sent. `closed`: each connection sends its next request after a response, for some seconds.
 * `open`: requests are sent at a fixed rate per second, whether responses arrive or not. `drain`: a number of requests is sent as
 * fast as responses arrive; a request whose connection breaks is sent again.
 */
export type Pace =
  | { readonly kind: 'closed'; readonly seconds: number; readonly maxRequests: number }
  | { readonly kind: 'open'; readonly seconds: number; readonly rate: number }
  | { readonly kind: 'drain'; readonly requests: number };

/** One measurement. */
export interface Job {
  readonly port: number;
  readonly scenario: Scenario;
  readonly keys: Keys;
  readonly connections: number;
  readonly pace: Pace;
  /** Every n-th response body is verified. The status of every response is. */
  readonly verifyEvery: number;
}

/** Result of a measurement. Times are in milliseconds. Latency is measured from the planned time of a request. */
export interface Measured {
  readonly responses: number;
  readonly elapsed: number;
  readonly p50: number;
  readonly p99: number;
  /** Responses with an unexpected status, and verified bodies that are wrong. */
  readonly wrong: number;
  readonly firstWrong: string | undefined;
  readonly verified: number;
  /** Attempts to reconnect, including failed ones. */
  readonly reconnects: number;
  /** Share of a core (0 to 1) that the client used. */
  readonly clientBusy: number;
}
