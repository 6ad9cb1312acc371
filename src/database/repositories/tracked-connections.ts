import { subjectsOf } from '../../authorize/revocation/revocation.ts';
import { withSpan } from '../../observability/tracing/span.ts';
import { principalId, tenantOf, type Principal } from '../../policy/principal.ts';
import {
  firstRetryMs,
  maxRetryMs,
  maxAttempts,
  settlingTimeMs,
  type AppUser,
  type TrackedConnections,
} from '../../pusher/tracked-connection.ts';
import type { Database } from '../client.ts';
import type { PrismaClient } from '../generated/client.ts';
import { actAsOperator } from '../row-level-security/operator.ts';
import { subjectKey } from './subject-key.ts';

/** Users at most that are claimed at once: a replica that dies leaves no more to wait for the end of its lease. */
const maxLeased = 100;

const dayMs = 24 * 60 * 60 * 1000;

/** The ledger in this database. Times are the caller's, so that the clocks of a test and of a replica are the only ones. */
export function createTrackedConnections(database: Database): TrackedConnections {
  return {
    async track({ appKey, socketId, userId, principal, grantedAt }) {
      const values = [
        ...[appKey, socketId, userId, tenantOf(principal) ?? '', nameOf(principal)],
        ...[JSON.stringify(keysOf(principal)), String(principal.issuedAt ?? '')],
        ...[String(principal.expiresAt), String(grantedAt)],
      ];
      await withSpan('ledger', () =>
        database.execute({ name: 'usher_keep_grant', text: insertGrant, values }),
      );
    },

    async extend({ appKey, socketId, principal }) {
      const values = [
        ...[appKey, socketId, nameOf(principal), JSON.stringify(keysOf(principal))],
        ...[String(principal.issuedAt ?? ''), String(principal.expiresAt)],
      ];
      await withSpan('ledger', () =>
        database.execute({ name: 'usher_extend_grant', text: extendGrants, values }),
      );
    },

    async leaseDue({ now, leaseUntil }) {
      const [, users] = await database.query((prisma) =>
        prisma.$transaction([actAsOperator(prisma), leaseDue(prisma, now, leaseUntil)]),
      );
      return { users, leaseUntil };
    },

    async settle({ appKey, userId }, { now, leaseUntil }) {
      await database.execute({
        name: 'usher_settle_grants',
        text: settleGrants,
        values: [appKey, userId, String(leaseUntil), String(now - settlingTimeMs)],
      });
    },

    async remove(user, leaseUntil) {
      const [, count] = await database.query((prisma) =>
        prisma.$transaction([actAsOperator(prisma), deleteLeased(prisma, user, { leaseUntil })]),
      );
      return count > 0;
    },

    async postpone(user, { now, leaseUntil }) {
      const { appKey, userId } = user;
      const [, , count] = await database.query((prisma) =>
        prisma.$transaction([
          actAsOperator(prisma),
          deleteLeased(prisma, user, { leaseUntil, attempts: maxAttempts - 1 }),
          prisma.$executeRaw`
            UPDATE live_grants SET attempts = attempts + 1,
              due_at = to_timestamp((${now}::float8 + least(${maxRetryMs}::float8,
                ${firstRetryMs}::float8 * power(2, least(attempts, 10)))) / 1000)
            WHERE app_key = ${appKey} AND user_id = ${userId}
              AND due_at = to_timestamp(${leaseUntil}::float8 / 1000)`,
        ]),
      );
      return count > 0;
    },

    async deleteExpired(now) {
      const [, count] = await database.query((prisma) =>
        prisma.$transaction([
          actAsOperator(prisma),
          prisma.$executeRaw`
            DELETE FROM live_grants WHERE expires_at < to_timestamp(${now - dayMs}::float8 / 1000)`,
        ]),
      );
      return count;
    },
  };
}

/** Deletes a user's grants of this claim, those with so many failed attempts. */
function deleteLeased(
  prisma: PrismaClient,
  { appKey, userId }: AppUser,
  { leaseUntil, attempts = 0 }: { readonly leaseUntil: number; readonly attempts?: number },
) {
  return prisma.$executeRaw`
    DELETE FROM live_grants WHERE app_key = ${appKey} AND user_id = ${userId}
      AND due_at = to_timestamp(${leaseUntil}::float8 / 1000) AND attempts >= ${attempts}`;
}

/** Within the transaction of a revocation, after it was written: claims what it concerns, for the replica that was asked. */
export function leaseRevoked(prisma: PrismaClient, key: string, leaseUntil: number) {
  return prisma.$queryRaw<AppUser[]>`
    WITH claimed AS (
      UPDATE live_grants SET attempts = 0, due_at = to_timestamp(${leaseUntil}::float8 / 1000)
      FROM revocations WHERE revocations.subject = ${key} AND live_grants.subjects @> ARRAY[${key}]
        AND coalesce(live_grants.issued_at, '-infinity') < revocations.issued_before
      RETURNING live_grants.app_key, live_grants.user_id
    )
    SELECT DISTINCT app_key AS "appKey", user_id AS "userId" FROM claimed`;
}

/**
 * Grants that are being kept are waited for, and new ones wait: each is claimed by the revocation, or sees it when it
 * asks once more. Without the lock one could be kept unseen by the other's snapshot, and ask before that is committed.
 */
export function lockTrackedConnections(prisma: PrismaClient) {
  return prisma.$executeRaw`LOCK TABLE live_grants IN SHARE ROW EXCLUSIVE MODE`;
}

/** SKIP LOCKED: replicas that look at the same time take different ones, and none waits for another. */
function leaseDue(prisma: PrismaClient, now: number, leaseUntil: number) {
  return prisma.$queryRaw<AppUser[]>`
    WITH due AS MATERIALIZED (
      SELECT app_key, socket_id, user_id FROM live_grants
      WHERE due_at <= to_timestamp(${now}::float8 / 1000)
      ORDER BY due_at LIMIT ${maxLeased} FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE live_grants SET due_at = to_timestamp(${leaseUntil}::float8 / 1000) FROM due
      WHERE live_grants.app_key = due.app_key AND live_grants.socket_id = due.socket_id
        AND live_grants.user_id = due.user_id
      RETURNING live_grants.app_key, live_grants.user_id
    )
    SELECT DISTINCT app_key AS "appKey", user_id AS "userId" FROM claimed`;
}

/** One round trip: this stands in the way of a sign-in. The setting is made before a row passes the policy. */
const insertGrant = `
  WITH operator AS MATERIALIZED (SELECT set_config('usher.operator', 'on', true))
  INSERT INTO live_grants AS g (app_key, socket_id, user_id, tenant_id, principal, subjects,
    issued_at, expires_at, granted_at, due_at)
  SELECT $1, $2, $3, nullif($4, ''), $5, ARRAY(SELECT json_array_elements_text($6::json)),
    to_timestamp(nullif($7, '')::float8 / 1000), to_timestamp($8::float8 / 1000),
    to_timestamp($9::float8 / 1000), to_timestamp($8::float8 / 1000)
  FROM operator
  ON CONFLICT (app_key, socket_id, user_id) DO UPDATE SET subjects = EXCLUDED.subjects,
    issued_at = EXCLUDED.issued_at, expires_at = EXCLUDED.expires_at, attempts = 0,
    granted_at = EXCLUDED.granted_at, due_at = EXCLUDED.due_at
  WHERE EXCLUDED.expires_at > g.expires_at`;

/** One round trip, for the same reason. The condition that names no column is decided first, and makes the setting. */
const extendGrants = `
  WITH operator AS MATERIALIZED (SELECT set_config('usher.operator', 'on', true) AS state)
  UPDATE live_grants SET subjects = ARRAY(SELECT json_array_elements_text($4::json)),
    issued_at = to_timestamp(nullif($5, '')::float8 / 1000),
    expires_at = to_timestamp($6::float8 / 1000), attempts = 0, due_at = to_timestamp($6::float8 / 1000)
  WHERE (SELECT state FROM operator) = 'on'
    AND app_key = $1 AND socket_id = $2 AND principal = $3
    AND expires_at < to_timestamp($6::float8 / 1000)`;

/** One round trip: thousands of users may be ended in a row. Rows with another lease were moved, or claimed by another replica, meanwhile. */
const settleGrants = `
  WITH operator AS MATERIALIZED (SELECT set_config('usher.operator', 'on', true) AS state),
  settled AS (
    DELETE FROM live_grants WHERE (SELECT state FROM operator) = 'on' AND app_key = $1
      AND user_id = $2 AND due_at = to_timestamp($3::float8 / 1000)
      AND granted_at <= to_timestamp($4::float8 / 1000)
  )
  UPDATE live_grants SET attempts = 0,
    due_at = granted_at + ${settlingTimeMs} * interval '1 ms'
  WHERE (SELECT state FROM operator) = 'on' AND app_key = $1 AND user_id = $2
    AND due_at = to_timestamp($3::float8 / 1000) AND granted_at > to_timestamp($4::float8 / 1000)`;

const keysOf = (principal: Principal): string[] => subjectsOf(principal).map(subjectKey);

/** The same person, whatever credential they show: whose grants a later one extends. */
const nameOf = (principal: Principal): string =>
  JSON.stringify([principal.kind, principalId(principal)]);
