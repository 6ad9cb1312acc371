import type { RevocationSubject } from '../../src/authorize/revocation/revocation.ts';
import type { Database } from '../../src/database/client.ts';
import { createRevocations } from '../../src/database/repositories/revocations.ts';

/** The revocations of a database, for tests that do not read tracked connections: `revoke` resolves to the stored time. */
export function revocationHelper(database: Database) {
  const revocations = createRevocations(database);
  return {
    ...revocations,
    revoke: async (subject: RevocationSubject, issuedBefore: number): Promise<number> =>
      (await revocations.revoke({ subject, issuedBefore, leaseUntil: issuedBefore })).issuedBefore,
  };
}
