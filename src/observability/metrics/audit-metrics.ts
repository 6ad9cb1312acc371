import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WriteEntries } from '../../audit/audit-event.ts';
import { RowRefused } from '../../runtime/unavailable.ts';

export interface AuditMetrics {
  /** Wraps a write with its metrics. */
  readonly measured: (write: WriteEntries) => WriteEntries;
  readonly countDropped: () => void;
  /** Adds the gauge of the queue, which is read at each scrape. */
  readonly observeQueue: (waiting: () => number) => void;
}

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** `durations`: the bounds of the buckets in seconds. */
export function createAuditMetrics(registry: Registry, durations: number[]): AuditMetrics {
  const registers = [registry];
  const rows = new Histogram({
    name: 'usher_audit_batch_entries',
    help: 'Audit entries per commit.',
    buckets: batchSizes,
    registers,
  });
  const duration = new Histogram({
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
    measured: (write) => async (entries) => {
      const end = duration.startTimer();
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
