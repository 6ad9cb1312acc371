import type { GuestSessionRecord, GuestSessionStore } from '../../authn/guest-session.ts';
import type { Database } from '../client.ts';
import type { GuestSession } from '../generated/client.ts';
import { assertStorable } from '../storable-text.ts';

export function createGuestSessions(database: Database): GuestSessionStore {
  return {
    start: async ({ sessionId, tokenHash, createdAt, expiresAt }) => {
      const data = {
        sessionId,
        tokenHash,
        createdAt: new Date(createdAt),
        expiresAt: new Date(expiresAt),
      };
      await database.query((prisma) => prisma.guestSession.create({ data }));
    },

    find: async (tokenHash) => {
      const where = { tokenHash };
      const row = await database.query((prisma) => prisma.guestSession.findUnique({ where }));
      return row === null ? undefined : toRecord(row);
    },

    link: async (sessionId, { userId, tenantId }) => {
      assertStorable({ userId, tenantId });
      const count = await database.query(
        (prisma) => prisma.$executeRaw`
          UPDATE guest_sessions
          SET linked_user_id = ${userId}, linked_tenant_id = ${tenantId ?? null}
          WHERE session_id = ${sessionId} AND ended_at IS NULL
            AND (linked_user_id IS NULL OR linked_user_id = ${userId})
            AND (linked_tenant_id IS NULL OR linked_tenant_id = ${tenantId ?? null})`,
      );
      return count > 0;
    },

    end: async (sessionId, at) => {
      const where = { sessionId, endedAt: null };
      const data = { endedAt: new Date(at) };
      await database.query((prisma) => prisma.guestSession.updateMany({ where, data }));
    },
  };
}

/** Milliseconds that an expired session is kept, so that its token is refused as "expired" and not as "unknown". */
const graceMs = 24 * 60 * 60 * 1000;

/** Rows per statement: the first cleanup of a large table must not exceed the statement timeout. */
const batch = 5_000;

/**
 * Deletes guest sessions that expired more than a day ago, and resolves to their number. Sessions that were linked to a user
 * are kept: rules read the user of a session that a fact names, even if the application stores the fact much later.
 */
export async function deleteExpiredGuestSessions(database: Database, now: number): Promise<number> {
  const values = [String(now - graceMs)];
  let total = 0;
  for (let count = batch; count === batch; total += count) {
    const [row] = await database.execute({
      name: 'usher_old_guest_sessions',
      text: deleteOld,
      values,
    });
    ({ count } = row as { readonly count: number });
  }
  return total;
}

const deleteOld = `
  WITH deleted AS (
    DELETE FROM guest_sessions WHERE linked_user_id IS NULL AND session_id IN (
      SELECT session_id FROM guest_sessions
      WHERE expires_at < to_timestamp($1::float8 / 1000) AND linked_user_id IS NULL
      LIMIT ${batch} FOR UPDATE SKIP LOCKED)
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM deleted`;

function toRecord(row: GuestSession): GuestSessionRecord {
  return {
    sessionId: row.sessionId,
    tokenHash: row.tokenHash,
    createdAt: row.createdAt.getTime(),
    expiresAt: row.expiresAt.getTime(),
    ...(row.endedAt !== null && { endedAt: row.endedAt.getTime() }),
    ...(row.linkedUserId !== null && { linkedUserId: row.linkedUserId }),
    ...(row.linkedTenantId !== null && { linkedTenantId: row.linkedTenantId }),
  };
}
