import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createReportExcess } from '../rate-limit/limit-exceeded.ts';
import { toLine } from '../audit/describe-event.ts';
import { createFigures } from '../observability/metrics/channel-stats.ts';
import { createMetrics } from '../observability/metrics/metrics.ts';
import { createProxyHint, type SuspectedProxy } from '../audit/proxy-hint.ts';
import { createRecordRejected } from '../audit/rejected-requests.ts';
import { createRecorder, createSignalRecorder } from '../audit/write-event.ts';
import { createBufferedTrail, createStrictTrail } from '../audit/queue.ts';
import type { Config } from '../config/load.ts';
import type { Clock } from '../runtime/timer.ts';
import { createAuditWriter } from '../audit/writer.ts';
import type { Database } from '../database/client.ts';
import type { TableMemory } from '../database/cache/table-cache.ts';

/** What the audit room is built with. */
export interface AuditSurroundings extends Clock {
  readonly database: Database;
  readonly tables: TableMemory;
  readonly log: Logger;
}

/** Builds what keeps account of everything: the trail, the log and the figures. */
export function buildAudit(config: Config, around: AuditSurroundings) {
  const { audit, limits } = config;
  const { database, tables, log, now, startTimer } = around;
  const hintAtProxy = buildProxyHint(config, around);
  const metrics = createMetrics();
  const write = metrics.trail.measured(createAuditWriter(database, tables));
  const trail =
    audit === 'strict'
      ? createStrictTrail(write)
      : createBufferedTrail({ write, startTimer, onDropped: metrics.trail.countDropped, log });
  metrics.trail.showWaiting(trail.waiting);
  const figures = createFigures({
    mostMessages: limits.messages,
    onMessage: metrics.countMessage,
    now,
  });
  metrics.showOccupancy(figures.occupancy);
  const recordSignal = createSignalRecorder({
    trail,
    log: (event) => {
      log.warn({ signal: event }, 'signal');
    },
    newId: randomUUID,
    now,
  });
  return {
    metrics,
    trail,
    figures,
    record: createRecorder({
      trail,
      log: (event) => {
        log.info({ decision: toLine(event) }, event.outcome === 'grant' ? 'granted' : 'refused');
        hintAtProxy?.(event);
      },
      logUnrecorded: (event) => {
        const decision = { ...toLine(event), outcome: 'unavailable' };
        log.warn({ decision }, 'answered 503: the decision could not be put on record');
      },
      count: metrics.countDecision,
      now,
    }),
    recordSignal,
    recordRejected: createRecordRejected({ recordSignal, now }),
    ...createReportExcess({ ...around, recordSignal, count: metrics.load.countExcess }),
  };
}

/** Where a proxy is trusted, visitors have addresses of their own. */
function buildProxyHint(
  { trustedProxies }: Config,
  { log, now }: Pick<AuditSurroundings, 'log' | 'now'>,
): ReturnType<typeof createProxyHint> | undefined {
  if (trustedProxies.length > 0) return undefined;
  const warn = (suspected: SuspectedProxy) => {
    log.warn(
      { ...suspected, setting: 'TRUSTED_PROXIES' },
      'many users come from one private address: if it is a proxy, list it in TRUSTED_PROXIES, and have it send X-Forwarded-For',
    );
  };
  return createProxyHint({ warn, now });
}
