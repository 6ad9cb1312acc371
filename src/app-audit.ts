import type { Logger } from 'pino';
import { createFigures } from './audit/figures.ts';
import { createMetrics } from './audit/metrics.ts';
import { createRecorder, createSignalRecorder } from './audit/record.ts';
import type { Config } from './config/load.ts';
import { createAuditTrail } from './resources/audit-trail.ts';
import type { Database } from './resources/client.ts';

/** What the audit room is built with. */
export interface AuditSurroundings {
  readonly database: Database;
  readonly log: Logger;
  readonly now: () => number;
}

/** Builds what keeps account of everything: the trail, the log and the figures. */
export function buildAudit({ limits }: Config, { database, log, now }: AuditSurroundings) {
  const trail = createAuditTrail(database);
  const metrics = createMetrics();
  const figures = createFigures({
    mostMessages: limits.messages,
    onMessage: metrics.countMessage,
    now,
  });
  metrics.showOccupancy(figures.occupancy);
  return {
    metrics,
    countEvent: figures.count,
    record: createRecorder({
      trail,
      log: (event) => {
        log.info({ decision: event }, event.outcome === 'grant' ? 'granted' : 'refused');
      },
      count: metrics.countDecision,
      now,
    }),
    recordSignal: createSignalRecorder({
      trail,
      log: (event) => {
        log.warn({ signal: event }, 'signal');
      },
      now,
    }),
  };
}
