import type { Decision } from '../policy/decision.ts';
import type { Shadow } from '../policy/channel-type.ts';

/** How the verdict of the side that watches compares with the answer. `no-verdict`: it failed, or took too long. */
export const shadowResults = ['agreed', 'disagreed', 'no-verdict'] as const;

export type ShadowResult = (typeof shadowResults)[number];

/** The verdict of the side that watches, beside the decision. */
export interface ShadowVerdict {
  readonly side: Shadow['side'];
  /** The outcome of the decision. */
  readonly answered: Decision['outcome'];
  /** What the other side says; absent if it came to no verdict. */
  readonly watched?: Decision['outcome'] | undefined;
  readonly result: ShadowResult;
  /** Why it refused, or came to no verdict: the name of a check or of a dependency, without values. */
  readonly reason?: string | undefined;
}

/** A verdict that is stored under the id of its decision. */
export interface RecordedShadowVerdict extends ShadowVerdict {
  readonly decisionId: string;
  /** The time of the answer, in milliseconds since the epoch. */
  readonly at: number;
  readonly family: string;
  /** The hash of the policy that was compared. */
  readonly policy: string;
}
