import type { Decision } from '../policy/decision.ts';
import type { Shadow } from '../policy/channel-type.ts';
import type { Database } from '../database/client.ts';

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
  /** Why it refused, or came to no verdict: the name of a check or of a dependency, without values. */
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

/** Writes verdicts in one statement, and resolves to `true` for each. Throws `RowRefused` and `Unavailable`. */
export async function writeShadowVerdicts(
  database: Pick<Database, 'execute'>,
  verdicts: readonly RecordedShadowVerdict[],
): Promise<readonly true[]> {
  await database.execute({
    name: 'usher_shadow',
    text: insertVerdicts,
    values: [JSON.stringify(verdicts)],
  });
  return verdicts.map(() => true);
}

const insertVerdicts = `
  INSERT INTO shadow_verdicts
    (decision_id, at, family, policy, side, answered, watched, result, reason)
  SELECT "decisionId", to_timestamp(at / 1000), family, policy, side, answered, watched, result, reason
  FROM json_to_recordset($1::json) AS row("decisionId" text, at double precision, family text,
    policy text, side text, answered text, watched text, result text, reason text)`;
