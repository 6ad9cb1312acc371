import type { Evidence } from './evidence.ts';

/** What one check found. `change` names settings, never the values of secrets. */
export type CheckResult =
  | { readonly status: 'well' }
  | { readonly status: 'ill'; readonly problem: string; readonly remedy: string }
  | { readonly status: 'unknown'; readonly reason: string };

/** One thing that can be wrong with an installation: pure, so that it is tested without one. */
export interface Check {
  /** What holds where all is well. */
  readonly name: string;
  readonly run: (evidence: Evidence) => CheckResult;
}

export const pass: CheckResult = { status: 'well' };

/** Something is wrong, and what to change. */
export const fail = (problem: string, remedy: string): CheckResult => ({
  status: 'ill',
  problem,
  remedy,
});

/** There is intentionally no Pusher server. */
export const demoHasNoServer: CheckResult = {
  status: 'unknown',
  reason:
    'the demo has no Pusher server; PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET name one, and PUSHER_HOST for soketi or Reverb',
};

/** It could not be looked at. */
export const unknown = (reason: string): CheckResult => ({ status: 'unknown', reason });
