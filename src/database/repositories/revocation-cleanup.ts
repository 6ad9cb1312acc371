import type { Database } from '../client.ts';

/** Lifetimes of the credentials that revocations refuse, in milliseconds. */
export interface CredentialLifetimes {
  /** The maximum lifetime of a user's JWT, which depends on the policy. */
  readonly userTokenMaxAgeMs: () => number;
  /** True if a user without a tenant can have no credential other than a JWT and a linked guest session. */
  readonly onlyJwts: boolean;
  /**
   * `REVOCATION_RETENTION`, which must exceed the lifetime of every credential. Without it, credentials of unknown
   * lifetime are assumed never to expire.
   */
  readonly retentionMs?: number | undefined;
}

/** Revocations per statement. */
const batch = 1_000;

/**
 * Deletes revocations that no longer match a valid credential: every credential that was issued before the revocation has
 * expired. Resolves to their number; `now` is in milliseconds since the epoch. Guest tokens may lack an issue time and an expiry, and a token id may be of a guest
 * token. So revocations of the policy's subjects and of token ids are deleted only by `REVOCATION_RETENTION`.
 */
export async function deleteExpiredRevocations(
  database: Database,
  { userTokenMaxAgeMs, onlyJwts, retentionMs }: CredentialLifetimes,
  now: number,
): Promise<number> {
  const parameters = [
    String(now),
    String(userTokenMaxAgeMs()),
    String(onlyJwts),
    String(retentionMs ?? ''),
  ];
  const run = (name: string, text: string, last: string) =>
    database.execute({ name, text, values: [...parameters, last] });
  let total = 0;
  for (let count = batch; count === batch; total += count) {
    // Searches first: a DELETE without rows would still invalidate the cache of the table (decision 0018).
    const found = await run('usher_find_ended_revocations', findEnded, String(batch));
    count = found.length;
    const subjects = JSON.stringify(found.map((row) => (row as { subject: string }).subject));
    if (count > 0) await run('usher_delete_ended_revocations', deleteEnded, subjects);
  }
  return total;
}

/** One day added to the lifetime of credentials, for clocks that differ. */
const marginMs = 24 * 60 * 60 * 1000;

const issuedBefore = (age: string) => `issued_before < to_timestamp(($1::float8 - ${age}) / 1000)`;
const userTokensEnded = issuedBefore(`$2::float8 - ${marginMs}`);
const isLive = 'expires_at >= to_timestamp($1::float8 / 1000)';

/**
 * Selects expired revocations by the beginning of their key, see `subjectKey`. A guest session also matches the
 * revocations of the user that it is linked to, even if it is linked later.
 */
const hasEnded = `(${issuedBefore(`nullif($4, '')::float8`)} OR ${issuedBefore(String(marginMs))} AND CASE
  WHEN subject LIKE '["tenant",%' THEN ${userTokensEnded}
  WHEN subject LIKE '["user",%' THEN ${userTokensEnded} AND (json_array_length(subject::json) = 3
    OR $3::boolean AND NOT EXISTS (
      SELECT FROM guest_sessions WHERE created_at < issued_before AND ${isLive}))
  WHEN subject LIKE '["guest-session",%' THEN NOT EXISTS (
    SELECT FROM guest_sessions WHERE session_id = subject::json ->> 1 AND ${isLive})
  ELSE false END)`;

const findEnded = `SELECT subject FROM revocations WHERE ${hasEnded} LIMIT $5::int`;

/** Repeats the condition, because a revocation may have been renewed meanwhile. */
const deleteEnded = `
  DELETE FROM revocations
  WHERE subject IN (SELECT json_array_elements_text($5::json)) AND ${hasEnded}`;
