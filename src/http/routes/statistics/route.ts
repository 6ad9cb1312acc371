import type { FastifyInstance } from 'fastify';
import type { ListAllConnections, ListedConnection } from '../../../authorize/open-connection.ts';
import type { HourStats } from '../../../observability/metrics/hour-stats.ts';
import { type ChannelType, describeChannel } from '../../../policy/channel-type.ts';
import type { Policy } from '../../../policy/policy.ts';
import { maxTime, ruleName } from '../../../policy/principal.ts';
import { Unavailable } from '../../../runtime/unavailable.ts';
import { channelsDocs, connectionsDocs, statisticsDocs } from './docs.ts';

interface StatisticsDeps {
  readonly policy: () => Policy;
  /** Throws `Unavailable`. */
  readonly readLastHour: () => Promise<HourStats>;
  readonly listConnections: ListAllConnections;
  /** Tracked connections by the key of the Pusher app. Throws `Unavailable`. */
  readonly countTracked: () => Promise<ReadonlyMap<string, number>>;
}

const maxChecks = 10;
const maxConnections = 200;

/** Adds `GET /statistics`, `GET /connections` and `GET /channels` to the operator's port. */
export function addStatistics(server: FastifyInstance, deps: StatisticsDeps): void {
  server.get('/statistics', { config: { docs: statisticsDocs } }, async (_request, reply) => {
    const { minutes, refusals, limits } = await deps.readLastHour();
    const { total } = await deps.listConnections(1);
    void reply.header('cache-control', 'no-store');
    return {
      minutes: minutes.map(({ at, p50, p95, p99, ...counts }) => {
        const latency = p50 !== undefined && { latency_ms: { p50, p95, p99 } };
        return { at: moment(at), ...counts, ...latency };
      }),
      refusals: sorted(refusals)
        .slice(0, maxChecks)
        .map(([check, count]) => ({ check, count })),
      limits: sorted(limits).map(([limit, count]) => ({ limit, count })),
      web_sockets: total,
      tracked: await trackedOf(deps),
    };
  });
  server.get('/connections', { config: { docs: connectionsDocs } }, async (_request, reply) => {
    const { total, connections } = await deps.listConnections(maxConnections);
    void reply.header('cache-control', 'no-store');
    return { total, connections: connections.map(connectionBody), tracked: await trackedOf(deps) };
  });
  server.get('/channels', { config: { docs: channelsDocs } }, async (_request, reply) => {
    const { hash, channels } = deps.policy();
    const { channels: counts } = await deps.readLastHour();
    void reply.header('cache-control', 'no-store');
    return {
      policy: hash,
      channels: channels.channelTypes.map((each) => {
        const { text } = each.pattern;
        return { ...channelBody(each), last_hour: counts.get(text) ?? { granted: 0, refused: 0 } };
      }),
    };
  });
}

const moment = (at: number): string => new Date(Math.round(at)).toISOString();

/** The largest first. */
function sorted(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(([, a], [, b]) => b - a);
}

/** `undefined` if the database is unavailable: the other statistics are needed most then. */
async function trackedOf({ countTracked }: StatisticsDeps) {
  try {
    return [...(await countTracked())].map(([app_key, count]) => ({ app_key, count }));
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

function connectionBody(connection: ListedConnection) {
  const { endpoint, channel, principal, since, expiresAt, recheckedAt } = connection;
  return {
    endpoint,
    channel,
    principal: { kind: principal.kind, id: principal.id },
    tenant_id: principal.tenantId,
    since: moment(since),
    expires_at: expiresAt >= maxTime ? undefined : moment(expiresAt),
    rechecked_at: recheckedAt === undefined ? undefined : moment(recheckedAt),
  };
}

function channelBody(type: ChannelType) {
  const facts = [...type.rules].map(([kind, rules]) => {
    return [ruleName(kind), rules.facts.map(({ name, optional }) => ({ name, optional }))] as const;
  });
  return {
    family: type.pattern.text,
    ...describeChannel(type),
    facts: Object.fromEntries(facts),
    tenant: type.tenant,
    application_decides: type.ask !== undefined,
  };
}
