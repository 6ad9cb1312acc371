import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WriteEntries } from '../../audit/audit-event.ts';
import { RowRefused } from '../../runtime/unavailable.ts';

/** What is counted of the trail. */
export interface AuditMetrics {
  /** The same write, measured. */
  readonly measured: (write: WriteEntries) => WriteEntries;
  readonly countDropped: () => void;
  /** Shows this figure from now on, asked for each time that Prometheus fetches. */
  readonly observeQueue: (waiting: () => number) => void;
}

const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** Creates the metrics of the trail; `durations` are the bounds of the buckets, in seconds. */
export function createAuditMetrics(registry: Registry, durations: number[]): AuditMetrics {
  const registers = [registry];
  const rows = new Histogram({
    name: 'usher_audit_batch_entries',
    help: 'Audit entries that were written with one commit.',
    buckets: batchSizes,
    registers,
  });
  const duration = new Histogram({
    name: 'usher_audit_write_duration_seconds',
    help: 'How long a write of audit entries took, whatever became of it.',
    buckets: durations,
    registers,
  });
  const failures = new Counter({
    name: 'usher_audit_write_failures_total',
    help: 'Writes of audit entries that failed: the database was unavailable, or refused a row.',
    labelNames: ['reason'],
    registers,
  });
  // From the start: Prometheus sees no increase from nothing to one, and would miss the first failure.
  for (const reason of ['refused', 'unavailable']) failures.inc({ reason }, 0);
  const dropped = new Counter({
    name: 'usher_audit_dropped_total',
    help: 'Audit entries that are lost; only with AUDIT=buffered.',
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
    help: 'Audit entries that wait to be written.',
    registers: [registry],
    collect() {
      this.set(waiting());
    },
  });
}
