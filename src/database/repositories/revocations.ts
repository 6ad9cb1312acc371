import type { RevocationStore } from '../../authorize/revocation/revocation.ts';
import { asked, createLookup, type Placed } from '../batched-lookup.ts';
import type { Database } from '../client.ts';
import type { PrismaClient } from '../generated/client.ts';
import { changesChannel } from '../notifications/notification.ts';
import { actAsOperator } from '../row-level-security/operator.ts';
import { keyOf, subjectOf } from './subject-key.ts';
import { claimRevoked, lockGrants } from './tracked-connections.ts';

/** How long before, in milliseconds, a revocation may have begun that was committed only now. */
const slack = 60_000;

/** The revocations in this database, which every replica asks with each decision. */
export function createRevocations(database: Database): RevocationStore {
  const lookUp = createLookup<Placed & { readonly latest: number | null }>(database, {
    name: 'usher_revoked',
    text: findLatest,
  });
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
      const row = await lookUp(subjects.map(keyOf));
      return row?.latest ?? undefined;
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

/** For each list of keys the latest moment among them, in milliseconds. */
const findLatest = `
  SELECT asked.place, (extract(epoch FROM found.latest) * 1000)::float8 AS latest
  FROM ${asked} CROSS JOIN LATERAL (
    SELECT max(issued_before) AS latest FROM revocations
    WHERE subject = ANY(ARRAY(SELECT json_array_elements_text(asked.texts)))
  ) AS found`;

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
