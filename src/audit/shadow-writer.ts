import type { Database } from '../database/client.ts';
import type { RecordedShadowVerdict } from './shadow-verdict.ts';

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
