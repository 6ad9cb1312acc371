import type { Evidence } from './evidence.ts';

/** What one check found. `change` names settings, never the values of secrets. */
export type Finding =
  | { readonly is: 'well' }
  | { readonly is: 'ill'; readonly wrong: string; readonly change: string }
  | { readonly is: 'unknown'; readonly because: string };

/** One thing that can be wrong with an installation: pure, so that it is tested without one. */
export interface Symptom {
  /** What holds where all is well. */
  readonly name: string;
  readonly look: (evidence: Evidence) => Finding;
}

export const well: Finding = { is: 'well' };

/** Something is wrong, and what to change. */
export const ill = (wrong: string, change: string): Finding => ({ is: 'ill', wrong, change });

/** There is intentionally no Pusher server. */
export const demoHasNoServer: Finding = {
  is: 'unknown',
  because:
    'the demo has no Pusher server; PUSHER_APP_ID, PUSHER_KEY and PUSHER_SECRET name one, and PUSHER_HOST for soketi or Reverb',
};

/** It could not be looked at. */
export const unknown = (because: string): Finding => ({ is: 'unknown', because });
