import {
  type RevocationStore,
  subjectKey,
  parseSubject,
} from '../../authorize/revocation/revocation.ts';
import { requests, createBatchedLookup, type BatchedRow } from '../batched-lookup.ts';
import type { Database } from '../client.ts';
import type { PrismaClient } from '../generated/client.ts';
import { changesChannel } from '../notifications/notification.ts';
import { actAsOperator } from '../row-level-security/operator.ts';
import { leaseRevoked, lockTrackedConnections } from './tracked-connections.ts';

/**
 * Margin in milliseconds: a revocation becomes visible at its commit, but `revoked_at` is the start of its transaction.
 */
const clockSkewMs = 60_000;

/** Creates the revocation store, which every replica queries for each decision. */
export function createRevocations(database: Database): RevocationStore {
  const lookUp = createBatchedLookup<BatchedRow & { readonly latest: number | null }>(database, {
    name: 'usher_revoked',
    text: findLatest,
  });
  return {
    async revoke({ subject, issuedBefore, leaseUntil }) {
      const key = subjectKey(subject);
      const [, , [row], users] = await database.query((prisma) =>
        prisma.$transaction([
          actAsOperator(prisma),
          lockTrackedConnections(prisma),
          writeRevocation(prisma, key, issuedBefore),
          leaseRevoked(prisma, key, leaseUntil),
        ]),
      );
      const held = row?.issuedBefore.getTime() ?? issuedBefore;
      return { issuedBefore: held, lease: { users, leaseUntil } };
    },

    async latest(subjects) {
      const row = await lookUp(subjects.map(subjectKey));
      return row?.latest ?? undefined;
    },

    async within(milliseconds) {
      const values = [String(milliseconds + clockSkewMs)];
      const rows = await database.execute({
        name: 'usher_revoked_within',
        text: findRecent,
        values,
      });
      return (rows as readonly RecentRow[]).flatMap(({ subject: key, issuedBefore }) => {
        const subject = parseSubject(JSON.parse(key));
        return subject === undefined ? [] : [{ subject, issuedBefore }];
      });
    },
  };
}

/** Finds the latest revocation time of each list of keys, in milliseconds. */
const findLatest = `
  SELECT requested.place, (extract(epoch FROM found.latest) * 1000)::float8 AS latest
  FROM ${requests} CROSS JOIN LATERAL (
    SELECT max(issued_before) AS latest FROM revocations
    WHERE subject = ANY(ARRAY(SELECT json_array_elements_text(requested.texts)))
  ) AS found`;

interface RecentRow {
  readonly subject: string;
  readonly issuedBefore: number;
}

const findRecent = `
  SELECT subject, (extract(epoch FROM issued_before) * 1000)::float8 AS "issuedBefore"
  FROM revocations WHERE revoked_at > now() - $1::float8 * interval '1 ms'`;

/** One statement, so that other replicas are notified only if it is committed, and in the order of commits. */
function writeRevocation(prisma: PrismaClient, key: string, issuedBefore: number) {
  return prisma.$queryRaw<{ issuedBefore: Date }[]>`
    WITH kept AS (
      INSERT INTO revocations AS r (subject, issued_before)
      VALUES (${key}, ${new Date(issuedBefore).toISOString()}::timestamptz)
      ON CONFLICT (subject) DO UPDATE
        SET issued_before = GREATEST(r.issued_before, EXCLUDED.issued_before), revoked_at = now()
      RETURNING subject, issued_before
    )
    SELECT issued_before AS "issuedBefore" FROM kept
    CROSS JOIN LATERAL pg_notify(${changesChannel}, json_build_object(
      'kind', 'revocation', 'subject', subject::json,
      'issuedBefore', (extract(epoch FROM issued_before) * 1000)::float8)::text) AS told`;
}
