import type { UnansweredReason } from '../runtime/question-queue.ts';

/** The outcome of a question that was sent. */
export type QuestionOutcome = 'answered' | 'unreadable' | 'failed' | 'timeout';

/** Measures the questions to one host. */
export interface HostStats {
  /** Adds the gauges. */
  readonly observe: (read: {
    readonly waiting: () => number;
    readonly underWay: () => number;
  }) => void;
  /** Measures the time in the queue, until the returned function is called. */
  readonly startWait: () => () => void;
  /** Measures the time under way, until the returned function is called. */
  readonly start: () => (outcome: QuestionOutcome) => void;
  readonly countUnasked: (outcome: UnansweredReason) => void;
}

const nothing = () => undefined;

/** Commands of the operator have no metrics. */
export const noStats: HostStats = {
  observe: nothing,
  startWait: () => nothing,
  start: () => nothing,
  countUnasked: nothing,
};
