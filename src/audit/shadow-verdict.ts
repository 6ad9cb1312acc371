import type { Decision } from '../policy/decision.ts';
import type { Shadow } from '../policy/channel-type.ts';

/** The comparison of the shadow's verdict with the decision. `no-verdict`: the shadow failed, or took too long. */
export const shadowResults = ['agreed', 'disagreed', 'no-verdict'] as const;

type ShadowResult = (typeof shadowResults)[number];

/** The verdict of the shadow. */
export interface ShadowVerdict {
  readonly side: Shadow['side'];
  /** The outcome of the decision. */
  readonly answered: Decision['outcome'];
  /** The outcome of the shadow; absent if it had no verdict. */
  readonly watched?: Decision['outcome'] | undefined;
  readonly result: ShadowResult;
  /** Why it refused or has no verdict: the name of a check or of a dependency, without values. */
  readonly reason?: string | undefined;
}

/** A verdict that is stored under the id of its decision. */
export interface RecordedShadowVerdict extends ShadowVerdict {
  readonly decisionId: string;
  /** The time of the decision, in milliseconds since the epoch. */
  readonly at: number;
  readonly family: string;
  /** The hash of the policy that was compared. */
  readonly policy: string;
}
