import type { Logger } from 'pino';
import { createReportLimitExceeded } from '../rate-limit/limit-exceeded.ts';
import type { Limits } from '../rate-limit/limits.ts';
import { createRefusalRateLimit } from '../rate-limit/refusals.ts';
import { addressKey } from '../rate-limit/request-limits.ts';
import { createChannelStats } from '../observability/metrics/channel-stats.ts';
import { createLastHour } from '../observability/metrics/last-hour.ts';
import { createMetrics } from '../observability/metrics/metrics.ts';
import { createProxyDetector, type SuspectedProxy } from '../audit/proxy-hint.ts';
import {
  createWriteDecision,
  createWriteSecurityEvent,
  createWriteRejected,
} from '../audit/write-event.ts';
import { createBufferedAuditQueue, createStrictAuditQueue } from '../audit/queue.ts';
import type { Config } from '../config/load.ts';
import type { Clock } from '../runtime/timer.ts';
import { createTimeOrderedId } from '../runtime/time-ordered-id.ts';
import { createAuditWriter } from '../audit/writer.ts';
import type { Database } from '../database/client.ts';
import type { Policy } from '../policy/policy.ts';
import type { Peers } from '../workers/peers.ts';
import type { TableCache } from '../database/cache/freshness.ts';

interface AuditDeps extends Clock {
  readonly database: Database;
  readonly tables: TableCache;
  readonly policy: () => Policy;
  readonly log: Logger;
  readonly limits: Pick<Limits, 'consume'>;
  readonly peers: Peers;
}

/** Builds the audit log, its log lines and the metrics. */
export function buildAudit(config: Config, deps: AuditDeps) {
  const { audit, limits } = config;
  const { database, tables, log, now, startTimer } = deps;
  const metrics = createMetrics(deps.peers);
  const lastHour = createLastHour(now);
  const write = metrics.decisions.measured(createAuditWriter(database, tables));
  const auditLog =
    audit === 'strict'
      ? createStrictAuditQueue(write)
      : createBufferedAuditQueue({
          write,
          startTimer,
          onDropped: metrics.decisions.countDropped,
          log,
        });
  metrics.decisions.observeQueue(auditLog.waiting);
  const channelStats = createChannelStats({
    maxMessages: limits.messages,
    onMessage: metrics.countMessage,
    now,
  });
  metrics.observeOccupancy(channelStats.occupancy);
  // A channel may be occupied by the webhook of one worker and vacated by that of another.
  const { peers } = deps;
  peers.handle('count-channel-event', (counted) => {
    channelStats.count(...(counted as Parameters<typeof channelStats.count>));
  });
  const writeSecurityEvent = createWriteSecurityEvent({
    auditLog,
    log: (event) => {
      log.warn({ signal: event }, 'signal');
    },
    newId: createTimeOrderedId(now),
    now,
  });
  const { reportLimitExceeded, flush } = createReportLimitExceeded({
    ...deps,
    writeSecurityEvent,
    count: (limit) => {
      metrics.load.countLimitExceeded(limit);
      lastHour.countLimitExceeded(limit);
    },
  });
  const { countRefusal, limitRefusal, writeForgery } = createRefusalRateLimit({
    failures: limits.failures,
    limits: deps.limits,
    addressKey,
    reportLimitExceeded,
    writeSecurityEvent,
    now,
    countUnwritten: (code) => {
      metrics.load.countUnwritten(code);
      lastHour.countUnwritten();
    },
  });
  return {
    metrics,
    lastHour,
    auditLog,
    channelStats: {
      ...channelStats,
      count: (...counted: Parameters<typeof channelStats.count>) => {
        channelStats.count(...counted);
        peers.notifyOthers('count-channel-event', counted);
      },
    },
    writeDecision: createWriteDecision({
      auditLog,
      limitRefusal,
      log,
      now,
      policy: deps.policy,
      observers: [
        metrics.decisions.countDecision,
        lastHour.countDecision,
        ...detectProxy(config, deps),
      ],
    }),
    writeSecurityEvent,
    writeRejected: createWriteRejected({ writeSecurityEvent, now }),
    countRefusal,
    writeForgery,
    reportLimitExceeded,
    flush,
  };
}

/** Detects a proxy that is missing in `TRUSTED_PROXIES`. Not needed if a proxy is listed. */
function detectProxy(
  { trustedProxies }: Config,
  { log, now }: Pick<AuditDeps, 'log' | 'now'>,
): readonly ReturnType<typeof createProxyDetector>[] {
  if (trustedProxies.length > 0) return [];
  const warn = (suspected: SuspectedProxy) => {
    log.warn(
      { ...suspected, setting: 'TRUSTED_PROXIES' },
      'many users come from one private address: if it is a proxy, list it in TRUSTED_PROXIES, and have it send X-Forwarded-For',
    );
  };
  return [createProxyDetector({ warn, now })];
}
