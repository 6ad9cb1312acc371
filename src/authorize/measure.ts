import type { Action } from '../policy/decision.ts';

/** Runs a use case, and measures its duration as a metric and as a span. */
export type Measure = <T>(action: Action | 'subscribe-batch', run: () => Promise<T>) => Promise<T>;
