import { subjectsOf, subjectKey } from '../../authorize/revocation/revocation.ts';
import { withSpan } from '../../observability/tracing/span.ts';
import type { Principal } from '../../policy/principal.ts';
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

/** Maximum number of users in one lease. If a replica dies, no more users than this wait until the lease expires. */
const maxLeased = 100;

const dayMs = 24 * 60 * 60 * 1000;

/** Stores tracked connections in this database. The caller passes all times, so that only one clock is used. */
export function createTrackedConnections(database: Database): TrackedConnections {
  return {
    async track({ appKey, socketId, userId, principal, grantedAt }) {
      const values = [
        appKey,
        socketId,
        userId,
        principal.tenantId ?? '',
        nameOf(principal),
        JSON.stringify(keysOf(principal)),
        String(principal.issuedAt ?? ''),
        String(principal.expiresAt),
        String(grantedAt),
      ];
      await withSpan('track connection', () =>
        database.execute({ name: 'usher_keep_grant', text: insertGrant, values }),
      );
    },

    async extend({ appKey, socketId, principal }) {
      const values = [
        appKey,
        socketId,
        nameOf(principal),
        JSON.stringify(keysOf(principal)),
        String(principal.issuedAt ?? ''),
        String(principal.expiresAt),
      ];
      await withSpan('track connection', () =>
        database.execute({ name: 'usher_extend_grant', text: extendGrants, values }),
      );
    },

    async leaseDue({ now, leaseUntil }) {
      const values = [String(now), String(leaseUntil)];
      const users = await database.execute({ name: 'usher_lease_due', text: leaseDue, values });
      return { users: users as readonly AppUser[], leaseUntil };
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
      const values = [String(now - dayMs)];
      const [row] = await database.execute({ name: 'usher_old_grants', text: deleteOld, values });
      return (row as { readonly count: number }).count;
    },
  };
}

/** Deletes the tracked connections of a user in this lease that have at least this number of failed attempts. */
function deleteLeased(
  prisma: PrismaClient,
  { appKey, userId }: AppUser,
  { leaseUntil, attempts = 0 }: { readonly leaseUntil: number; readonly attempts?: number },
) {
  return prisma.$executeRaw`
    DELETE FROM live_grants WHERE app_key = ${appKey} AND user_id = ${userId}
      AND due_at = to_timestamp(${leaseUntil}::float8 / 1000) AND attempts >= ${attempts}`;
}

/**
 * Leases the tracked connections that match a revocation, for the replica that received it. Must run in the transaction
 * of the revocation, after the row was written.
 */
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
 * Waits for transactions that insert tracked connections, and blocks new ones. Each connection is then either leased by
 * the revocation, or its next revocation check finds the revocation. Without the lock a connection could be inserted
 * outside the snapshot of the revocation and be checked before the revocation is committed.
 */
export function lockTrackedConnections(prisma: PrismaClient) {
  return prisma.$executeRaw`LOCK TABLE live_grants IN SHARE ROW EXCLUSIVE MODE`;
}

/**
 * SKIP LOCKED: concurrent replicas lease different users, and none waits for another. Both parts wait for the setting:
 * PostgreSQL may read the table of the second one first.
 */
const leaseDue = `
  WITH operator AS MATERIALIZED (SELECT set_config('usher.operator', 'on', true) AS state),
  due AS MATERIALIZED (
    SELECT app_key, socket_id, user_id FROM live_grants
    WHERE (SELECT state FROM operator) = 'on' AND due_at <= to_timestamp($1::float8 / 1000)
    ORDER BY due_at LIMIT ${maxLeased} FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE live_grants SET due_at = to_timestamp($2::float8 / 1000) FROM due
    WHERE (SELECT state FROM operator) = 'on' AND live_grants.app_key = due.app_key
      AND live_grants.socket_id = due.socket_id AND live_grants.user_id = due.user_id
    RETURNING live_grants.app_key, live_grants.user_id
  )
  SELECT DISTINCT app_key AS "appKey", user_id AS "userId" FROM claimed`;

const deleteOld = `
  WITH operator AS MATERIALIZED (SELECT set_config('usher.operator', 'on', true) AS state),
  deleted AS (
    DELETE FROM live_grants
    WHERE (SELECT state FROM operator) = 'on' AND expires_at < to_timestamp($1::float8 / 1000)
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM deleted`;

/**
 * One round trip, because a sign-in waits for it. The setting is made before the row-level security policy checks the
 * row.
 */
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

/**
 * One round trip, for the same reason. The condition names no column, so PostgreSQL evaluates it, and makes the
 * setting, first.
 */
const extendGrants = `
  WITH operator AS MATERIALIZED (SELECT set_config('usher.operator', 'on', true) AS state)
  UPDATE live_grants SET subjects = ARRAY(SELECT json_array_elements_text($4::json)),
    issued_at = to_timestamp(nullif($5, '')::float8 / 1000),
    expires_at = to_timestamp($6::float8 / 1000), attempts = 0, due_at = to_timestamp($6::float8 / 1000)
  WHERE (SELECT state FROM operator) = 'on'
    AND app_key = $1 AND socket_id = $2 AND principal = $3
    AND expires_at < to_timestamp($6::float8 / 1000)`;

/**
 * One round trip, because thousands of users may be terminated in a row. Rows with another lease are skipped: they were
 * extended, or another replica leased them.
 */
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

/**
 * Identifies the user independent of the credential. A later credential of the same user extends the tracked
 * connection.
 */
const nameOf = (principal: Principal): string => JSON.stringify([principal.kind, principal.id]);

/** Counts the tracked connections that have not expired, by the key of the Pusher app. Throws `Unavailable`. */
export async function countTrackedConnections(
  database: Database,
  now: number,
): Promise<ReadonlyMap<string, number>> {
  const [, rows] = await database.query((prisma) =>
    prisma.$transaction([
      actAsOperator(prisma),
      prisma.$queryRaw<readonly { readonly appKey: string; readonly count: number }[]>`
        SELECT app_key AS "appKey", count(DISTINCT socket_id)::int AS count FROM live_grants
        WHERE expires_at > to_timestamp(${now}::float8 / 1000) GROUP BY app_key`,
    ]),
  );
  return new Map(rows.map(({ appKey, count }) => [appKey, count]));
}
