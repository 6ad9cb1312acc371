import { Counter, Gauge, type Registry } from 'prom-client';
import type { LimitName } from '../../rate-limit/limits.ts';

export interface LoadMetrics {
  readonly countLimitExceeded: (limit: LimitName) => void;
  /** Adds the gauge of local limits. */
  readonly observeLocal: (isLocal: () => boolean) => void;
  readonly countShed: () => void;
  /** Counts a refusal without a row and a log line. */
  readonly countUnwritten: (code: string) => void;
  /** Adds the gauges of requests that wait. */
  readonly observeQueue: (read: Readonly<Record<'queued' | 'lent', () => number>>) => void;
}

export function createLoadMetrics(registry: Registry): LoadMetrics {
  const registers = [registry];
  const limitsExceeded = new Counter({
    name: 'usher_limits_exceeded_total',
    help: 'Refusals because a limit was exceeded, by limit.',
    labelNames: ['limit'],
    registers,
  });
  const shed = new Counter({
    name: 'usher_requests_shed_total',
    help: 'Requests that got 503 because the queue was full or the wait too long.',
    registers,
  });
  const unrecorded = new Counter({
    name: 'usher_refusals_unrecorded_total',
    help: 'Refusals without a row and a log line, because their address or principal had too many, by code.',
    labelNames: ['code'],
    registers,
  });
  return {
    countUnwritten: (code) => {
      unrecorded.inc({ code });
    },
    countShed: () => {
      shed.inc();
    },
    observeQueue: ({ queued, lent }) => {
      new Gauge({
        name: 'usher_requests_waiting',
        help: 'Requests in the queue of the concurrency limiter.',
        registers,
        collect() {
          this.set(queued());
        },
      });
      new Gauge({
        name: 'usher_requests_waiting_for_host',
        help: 'Channels that wait for a server of the application, and do not count against the concurrency limit meanwhile.',
        registers,
        collect() {
          this.set(lent());
        },
      });
    },
    countLimitExceeded: (limit) => {
      limitsExceeded.inc({ limit });
    },
    observeLocal: (isLocal) => {
      new Gauge({
        name: 'usher_limits_local',
        help: '1 while this replica uses local limits because Redis is unavailable, else 0.',
        registers,
        collect() {
          this.set(isLocal() ? 1 : 0);
        },
      });
    },
  };
}
