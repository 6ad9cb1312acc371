import type { NoResponseReason } from '../runtime/request-queue.ts';

/** The outcome of a request that was sent. */
export type RequestOutcome = 'success' | 'invalid' | 'failed' | 'timeout';

/** Measures the requests to one server of the application. */
export interface HostStats {
  /** Adds the gauges. */
  readonly observe: (read: {
    readonly queued: () => number;
    readonly inFlight: () => number;
  }) => void;
  /** Measures the time in the queue, until the returned function is called. */
  readonly startWait: () => () => void;
  /** Measures the time from sending to the response, until the returned function is called. */
  readonly start: () => (outcome: RequestOutcome) => void;
  readonly countUnsent: (outcome: NoResponseReason) => void;
}

const nothing = () => undefined;

/** Commands of the operator have no metrics. */
export const noStats: HostStats = {
  observe: nothing,
  startWait: () => nothing,
  start: () => nothing,
  countUnsent: nothing,
};
