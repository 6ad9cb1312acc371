import type { Database } from '../client.ts';
import { actAsOperator } from '../row-level-security/operator.ts';

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
