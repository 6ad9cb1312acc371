import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AuditEvent, WriteEntries } from '../../audit/audit-event.ts';
import type { Measure } from '../../authorize/measure.ts';
import { RowRefused } from '../../runtime/unavailable.ts';
import { withSpan } from '../tracing/span.ts';
import type { LastHour } from './last-hour.ts';

/** The metrics of decisions, and of their writes to the audit log. */
export interface DecisionMetrics {
  readonly countDecision: (event: AuditEvent) => void;
  /** Counts the duration of a use case, in milliseconds. */
  readonly countDuration: (action: AuditEvent['action'] | 'subscribe-batch', ms: number) => void;
  /** Wraps a write with its metrics. */
  readonly measured: (write: WriteEntries) => WriteEntries;
  readonly countDropped: () => void;
  /** Adds the gauge of the queue, which is read at each scrape. */
  readonly observeQueue: (waiting: () => number) => void;
}

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** `durations`: the bounds of the buckets in seconds. */
export function createDecisionMetrics(registry: Registry, durations: number[]): DecisionMetrics {
  const registers = [registry];
  const decisions = new Counter({
    name: 'usher_decisions_total',
    help: 'Recorded decisions. The family is the pattern of the channel, empty if none matched; the check is empty if none failed.',
    labelNames: ['family', 'outcome', 'code', 'check'],
    registers,
  });
  const decisionDuration = new Histogram({
    name: 'usher_decision_duration_seconds',
    help: 'Duration of decisions, including the write to the audit log.',
    labelNames: ['action'],
    buckets: durations,
    registers,
  });
  const rows = new Histogram({
    name: 'usher_audit_batch_entries',
    help: 'Audit entries per commit.',
    buckets: batchSizes,
    registers,
  });
  const writeDuration = new Histogram({
    name: 'usher_audit_write_duration_seconds',
    help: 'Duration of writes of audit entries, including failed writes.',
    buckets: durations,
    registers,
  });
  const failures = new Counter({
    name: 'usher_audit_write_failures_total',
    help: 'Failed writes of audit entries: the database was unavailable, or refused a row.',
    labelNames: ['reason'],
    registers,
  });
  // Initialized with 0: Prometheus detects no increase from a missing series to 1, and would miss the first failure.
  for (const reason of ['refused', 'unavailable']) failures.inc({ reason }, 0);
  const dropped = new Counter({
    name: 'usher_audit_dropped_total',
    help: 'Dropped audit entries; only with AUDIT=buffered.',
    registers,
  });
  return {
    countDecision: ({ family = '', outcome, code = '', failedCheck: check = '' }) => {
      decisions.inc({ family, outcome, code, check });
    },
    countDuration: (action, ms) => {
      decisionDuration.observe({ action }, ms / 1000);
    },
    measured: (write) => async (entries) => {
      const end = writeDuration.startTimer();
      try {
        const written = await write(entries);
        rows.observe(entries.length);
        return written;
      } catch (error) {
        failures.inc({ reason: error instanceof RowRefused ? 'refused' : 'unavailable' });
        throw error;
      } finally {
        end();
      }
    },
    countDropped: () => {
      dropped.inc();
    },
    observeQueue: (waiting) => {
      addQueueGauge(registry, waiting);
    },
  };
}

function addQueueGauge(registry: Registry, waiting: () => number): void {
  new Gauge({
    name: 'usher_audit_queue_entries',
    help: 'Audit entries in the queue, not written yet.',
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
}

/** Measures the duration of use cases, in milliseconds, as a metric, for the last hour and as a span. */
export function createMeasure(
  metrics: Pick<DecisionMetrics, 'countDuration'>,
  lastHour: Pick<LastHour, 'countDuration'>,
): Measure {
  return async (action, run) => {
    const start = performance.now();
    const end = (error?: unknown): void => {
      const ms = performance.now() - start;
      metrics.countDuration(action, ms);
      lastHour.countDuration(ms, error);
    };
    try {
      const result = await withSpan(`decide ${action}`, run);
      end();
      return result;
    } catch (error) {
      end(error);
      throw error;
    }
  };
}
