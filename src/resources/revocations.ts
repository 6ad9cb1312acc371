import type { RevocationStore, RevocationSubject } from '../core/revocation.ts';
import type { Database } from './client.ts';

/** The revocations in this database, which every replica asks with each decision. */
export function createRevocations(database: Database): RevocationStore {
  return {
    async revoke(subject, issuedBefore) {
      const moment = new Date(issuedBefore).toISOString();
      const rows = await database.ask(
        (prisma) => prisma.$queryRaw<{ issuedBefore: Date }[]>`
          INSERT INTO revocations AS r (subject, issued_before)
          VALUES (${keyOf(subject)}, ${moment}::timestamptz)
          ON CONFLICT (subject) DO UPDATE
            SET issued_before = GREATEST(r.issued_before, EXCLUDED.issued_before), revoked_at = now()
          RETURNING issued_before AS "issuedBefore"`,
      );
      return rows[0]?.issuedBefore.getTime() ?? issuedBefore;
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
  };
}

/** A list of texts as JSON: no two subjects have the same, whatever characters their ids hold. */
function keyOf(subject: RevocationSubject): string {
  return JSON.stringify(partsOf(subject));
}

function partsOf(subject: RevocationSubject): readonly string[] {
  switch (subject.kind) {
    case 'user':
      return subject.tenantId === undefined
        ? ['user', subject.userId]
        : ['user', subject.userId, subject.tenantId];
    case 'booking':
      return ['booking', subject.hotelSlug, subject.bookingId];
    case 'guest-session':
      return ['guest-session', subject.sessionId];
    case 'token':
      return ['token', subject.tokenId];
    case 'tenant':
      return ['tenant', subject.tenantId];
  }
}
