import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { AuditEvent } from '../../audit/audit-event.ts';
import { createAuditMetrics, type AuditMetrics } from './audit-metrics.ts';
import type { CacheStats } from './cache-stats.ts';
import type { Occupancy } from './channel-stats.ts';
import { createDependencyMetrics, type DependencyMetrics } from './dependency-metrics.ts';
import { createLoadMetrics, type LoadMetrics } from './load-metrics.ts';
import { addTenantGauge, createTenantLabels, type TenantLabels } from './tenant-gauge.ts';
import { createTrafficMetrics, type TrafficMetrics } from './traffic-metrics.ts';

/** What is counted, for Prometheus to fetch. */
export interface Metrics {
  readonly countDecision: (event: AuditEvent) => void;
  readonly countMessage: (tenantId: string | undefined) => void;
  readonly countWebhook: (result: string) => void;
  /** Runs a use case, and measures how long it takes. */
  readonly timed: <T>(
    action: AuditEvent['action'] | 'subscribe-batch',
    run: () => Promise<T>,
  ) => Promise<T>;
  /** Shows these figures from now on, asked for each time that Prometheus fetches. */
  readonly observeOccupancy: (occupancy: ReadOccupancy) => void;
  /** Shows from now on how often a token's signature was remembered. */
  readonly observeTokenCache: (read: CacheStats['read']) => void;
  readonly observeFactCache: (read: CacheStats['read']) => void;
  readonly trail: AuditMetrics;
  readonly load: LoadMetrics;
  readonly traffic: TrafficMetrics;
  readonly dependencies: DependencyMetrics;
  /** Everything, in Prometheus's text format. */
  readonly read: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

type ReadOccupancy = () => ReadonlyMap<string | undefined, Occupancy>;

/** Seconds; a decision takes a few milliseconds, and the database gives up after three seconds. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Creates the metrics of this process, in a registry of their own so that two in one process do not mix. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const decisions = new Counter({
    name: 'usher_decisions_total',
    help: 'Decisions that were recorded. The family is empty where the name of the channel meant nothing, the check where none failed.',
    labelNames: ['family', 'outcome', 'code', 'check'],
    registers,
  });
  const duration = new Histogram({
    name: 'usher_decision_duration_seconds',
    help: 'How long deciding and recording took.',
    labelNames: ['action'],
    buckets: durations,
    registers,
  });
  const messages = new Counter({
    name: 'usher_client_events_total',
    help: 'Client events that webhooks told of.',
    labelNames: ['tenant'],
    registers,
  });
  const webhooks = new Counter({
    name: 'usher_webhooks_total',
    help: 'Webhooks, by what became of them.',
    labelNames: ['result'],
    registers,
  });
  const label = createTenantLabels();
  return {
    countDecision: ({ family = '', outcome, code = '', failedCheck: check = '' }) => {
      decisions.inc({ family, outcome, code, check });
    },
    countMessage: (tenantId) => {
      messages.inc({ tenant: label(tenantId) });
    },
    countWebhook: (result) => {
      webhooks.inc({ result });
    },
    timed: async (action, run) => {
      const end = duration.startTimer({ action });
      try {
        return await run();
      } finally {
        end();
      }
    },
    observeOccupancy: (occupancy) => {
      addOccupancy(registry, label, occupancy);
    },
    observeTokenCache: (read) => {
      addCacheStats(registry, read, {
        name: 'usher_token_lookups_total',
        help: 'Tokens whose signature was remembered (hit) or had to be verified (miss).',
      });
    },
    observeFactCache: (read) => {
      addCacheStats(registry, read, {
        name: 'usher_fact_lookups_total',
        help: 'Facts and revocations that were remembered (hit) or asked of the database (miss).',
      });
    },
    trail: createAuditMetrics(registry, durations),
    load: createLoadMetrics(registry),
    traffic: createTrafficMetrics(registry, label),
    dependencies: createDependencyMetrics(registry),
    read: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function addOccupancy(registry: Registry, label: TenantLabels, occupancy: ReadOccupancy): void {
  const gauge = (name: string, help: string, value: keyof Occupancy) => {
    addTenantGauge(registry, { name, help, label }, () => {
      const sums = [...occupancy()].map(([tenantId, sum]) => [tenantId, sum[value]] as const);
      return new Map(sums);
    });
  };
  gauge('usher_occupied_channels', 'Channels that somebody is subscribed to.', 'channels');
  gauge('usher_presence_members', 'Members that presence channels show.', 'members');
}

function addCacheStats(
  registry: Registry,
  read: CacheStats['read'],
  about: { readonly name: string; readonly help: string },
): void {
  new Counter({
    ...about,
    labelNames: ['result'],
    registers: [registry],
    collect() {
      const { hits, misses } = read();
      this.reset();
      this.inc({ result: 'hit' }, hits);
      this.inc({ result: 'miss' }, misses);
    },
  });
}
