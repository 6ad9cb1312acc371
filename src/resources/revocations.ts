import type { RevocationStore } from '../core/revocation.ts';
import { changesChannel } from './changes.ts';
import type { Database } from './client.ts';
import type { PrismaClient } from './generated/client.ts';
import { claimRevoked, lockGrants } from './live-grants.ts';
import { actAsOperator } from './operator.ts';
import { keyOf, subjectOf } from './subject-key.ts';

/** How long before, in milliseconds, a revocation may have begun that was committed only now. */
const slack = 60_000;

/** The revocations in this database, which every replica asks with each decision. */
export function createRevocations(database: Database): RevocationStore {
  return {
    async revoke({ subject, issuedBefore, leaseUntil }) {
      const key = keyOf(subject);
      const [, , [row], users] = await database.ask((prisma) =>
        prisma.$transaction([
          actAsOperator(prisma),
          lockGrants(prisma),
          writeRevocation(prisma, key, issuedBefore),
          claimRevoked(prisma, key, leaseUntil),
        ]),
      );
      const held = row?.issuedBefore.getTime() ?? issuedBefore;
      return { issuedBefore: held, claim: { users, leaseUntil } };
    },

    async latest(subjects) {
      const keys = subjects.map(keyOf);
      // One query: this stands in the way of every decision.
      const rows = await database.ask(
        (prisma) => prisma.$queryRaw<{ latest: Date | null }[]>`
          SELECT max(issued_before) AS latest FROM revocations WHERE subject = ANY(${keys}::text[])`,
      );
      return rows[0]?.latest?.getTime();
    },

    async within(milliseconds) {
      const rows = await database.ask(
        (prisma) => prisma.$queryRaw<{ subject: string; issuedBefore: Date }[]>`
          SELECT subject, issued_before AS "issuedBefore" FROM revocations
          WHERE revoked_at > now() - ${milliseconds + slack}::float8 * interval '1 ms'`,
      );
      return rows.flatMap((row) => {
        const subject = subjectOf(JSON.parse(row.subject));
        return subject === undefined ? [] : [{ subject, issuedBefore: row.issuedBefore.getTime() }];
      });
    },
  };
}

/** One statement: other replicas are told if and only if it is committed, and in that order. */
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
