import { Counter, Gauge, type Registry } from 'prom-client';
import type { LimitName } from '../../rate-limit/limits.ts';

/** What is counted of limits and load. */
export interface LoadMetrics {
  readonly countLimitExceeded: (limit: LimitName) => void;
  /** Shows from now on whether this replica counts limits by itself. */
  readonly observeLocal: (isLocal: () => boolean) => void;
  readonly countShed: () => void;
  /** Counts a refusal that is not recorded by itself. */
  readonly countUnrecorded: (code: string) => void;
  /** Shows from now on how many requests wait. */
  readonly observeQueue: (waiting: () => number) => void;
}

/** Creates them in a registry. */
export function createLoadMetrics(registry: Registry): LoadMetrics {
  const registers = [registry];
  const limitsExceeded = new Counter({
    name: 'usher_limits_exceeded_total',
    help: 'What was refused for being too much, by limit.',
    labelNames: ['limit'],
    registers,
  });
  const shed = new Counter({
    name: 'usher_requests_shed_total',
    help: 'Requests that were answered 503 because too many others were worked on or waited.',
    registers,
  });
  const unrecorded = new Counter({
    name: 'usher_refusals_unrecorded_total',
    help: 'Refusals that have no row and no log line of their own, since their address or principal had too many, by code.',
    labelNames: ['code'],
    registers,
  });
  return {
    countUnrecorded: (code) => {
      unrecorded.inc({ code });
    },
    countShed: () => {
      shed.inc();
    },
    observeQueue: (waiting) => {
      new Gauge({
        name: 'usher_requests_waiting',
        help: 'Requests that wait until others have been worked off.',
        registers,
        collect() {
          this.set(waiting());
        },
      });
    },
    countLimitExceeded: (limit) => {
      limitsExceeded.inc({ limit });
    },
    observeLocal: (isLocal) => {
      new Gauge({
        name: 'usher_limits_local',
        help: '1 while this replica counts limits by itself because Redis does not answer, else 0.',
        registers,
        collect() {
          this.set(isLocal() ? 1 : 0);
        },
      });
    },
  };
}
