import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { createDecisionMetrics, type DecisionMetrics } from './decision-metrics.ts';
import type { Occupancy } from './channel-stats.ts';
import { createDependencyMetrics, type DependencyMetrics } from './dependency-metrics.ts';
import type { MeasureFact } from '../../facts/facts-at-sources.ts';
import { createFactMetrics } from './fact-metrics.ts';
import { createApplicationMetrics, type MeasureApplication } from './application-metrics.ts';
import { createLoadMetrics, type LoadMetrics } from './load-metrics.ts';
import { createShadowMetrics, type CountShadow } from './shadow-metrics.ts';
import { addTenantGauge, createTenantLabels, type TenantLabels } from './tenant-gauge.ts';
import type { Peers } from '../../workers/peers.ts';
import { createReadMetrics } from './worker-metrics.ts';
import type { CacheLookups } from '../../runtime/caches.ts';
import { createTrafficMetrics, type TrafficMetrics } from './traffic-metrics.ts';

/** The Prometheus metrics. Each `observe…` adds a metric that is read at each scrape. */
export interface Metrics {
  readonly decisions: DecisionMetrics;
  readonly countMessage: (tenantId: string | undefined) => void;
  readonly countWebhook: (result: string) => void;
  readonly observeOccupancy: (occupancy: ReadOccupancy) => void;
  readonly observeTokenCache: (lookups: CacheLookups) => void;
  readonly observeFactCache: (lookups: CacheLookups) => void;
  /** `failures` returns the settings whose files cannot be used. */
  readonly observeSecretFiles: (
    settings: readonly string[],
    failures: () => ReadonlyMap<string, string>,
  ) => void;
  readonly observePolicy: (read: () => PolicyState) => void;
  readonly load: LoadMetrics;
  readonly traffic: TrafficMetrics;
  readonly dependencies: DependencyMetrics;
  readonly measureApplication: MeasureApplication;
  readonly measureFact: MeasureFact;
  readonly countShadow: CountShadow;
  /** All metrics in the text format. */
  readonly read: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

/** The policy in use, and whether the last reload failed. */
interface PolicyState {
  readonly hash: string;
  readonly hasFailed: boolean;
}

type ReadOccupancy = () => ReadonlyMap<string | undefined, Occupancy>;

/** In seconds. A decision takes a few milliseconds, and the timeout of the database is three seconds. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** The metrics have their own registry, so that two instances in one process are independent. */
export function createMetrics(peers: Pick<Peers, 'worker' | 'handle' | 'callAll'>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const decisions = createDecisionMetrics(registry, durations);
  const messages = new Counter({
    name: 'usher_client_events_total',
    help: 'Client events in webhooks.',
    labelNames: ['tenant'],
    registers,
  });
  const webhooks = new Counter({
    name: 'usher_webhooks_total',
    help: 'Webhooks, by result.',
    labelNames: ['result'],
    registers,
  });
  const label = createTenantLabels();
  const readAll = createReadMetrics(registry, peers);
  return {
    decisions,
    countMessage: (tenantId) => {
      messages.inc({ tenant: label(tenantId) });
    },
    countWebhook: (result) => {
      webhooks.inc({ result });
    },
    observeOccupancy: (occupancy) => {
      addOccupancy(registry, label, occupancy);
    },
    observeTokenCache: (lookups) => {
      addCacheLookups(registry, lookups, {
        name: 'usher_token_lookups_total',
        help: 'Lookups of verified tokens: cached (hit), or verified again (miss).',
      });
    },
    observeFactCache: (lookups) => {
      addCacheLookups(registry, lookups, {
        name: 'usher_fact_lookups_total',
        help: 'Lookups of facts and revocations: cached (hit), or read from the database (miss).',
      });
    },
    observeSecretFiles: (settings, failures) => {
      addSecretFiles(registry, settings, failures);
    },
    observePolicy: (read) => {
      addPolicyGauges(registry, read);
    },
    load: createLoadMetrics(registry),
    traffic: createTrafficMetrics(registry, label),
    dependencies: createDependencyMetrics(registry),
    measureApplication: createApplicationMetrics(registry),
    measureFact: createFactMetrics(registry, durations),
    countShadow: createShadowMetrics(registry),
    read: async () => ({ contentType: registry.contentType, text: await readAll() }),
  };
}

function addOccupancy(registry: Registry, label: TenantLabels, occupancy: ReadOccupancy): void {
  const gauge = (name: string, help: string, value: keyof Occupancy) => {
    addTenantGauge(registry, { name, help, label, aggregator: 'max' }, () => {
      const sums = [...occupancy()].map(([tenantId, sum]) => [tenantId, sum[value]] as const);
      return new Map(sums);
    });
  };
  gauge('usher_occupied_channels', 'Channels with at least one subscriber.', 'channels');
  gauge('usher_presence_members', 'Members of presence channels.', 'members');
}

function addPolicyGauges(registry: Registry, read: () => PolicyState): void {
  new Gauge({
    name: 'usher_policy_info',
    help: 'The hash of the policy in use; the value is 1.',
    labelNames: ['hash'],
    aggregator: 'first',
    registers: [registry],
    collect() {
      this.reset();
      this.set({ hash: read().hash }, 1);
    },
  });
  new Gauge({
    name: 'usher_policy_reload_failed',
    help: '1 while the files of the policy have problems and the last policy stays in use, otherwise 0.',
    aggregator: 'max',
    registers: [registry],
    collect() {
      this.set(read().hasFailed ? 1 : 0);
    },
  });
}

function addSecretFiles(
  registry: Registry,
  settings: readonly string[],
  failures: () => ReadonlyMap<string, string>,
): void {
  new Gauge({
    name: 'usher_secret_file_failed',
    help: '1 while the file with the value of a setting cannot be used and its last good value stays in use, otherwise 0.',
    labelNames: ['setting'],
    registers: [registry],
    collect() {
      const failed = failures();
      for (const setting of settings) this.set({ setting }, failed.has(setting) ? 1 : 0);
    },
  });
}

function addCacheLookups(
  registry: Registry,
  lookups: CacheLookups,
  about: { readonly name: string; readonly help: string },
): void {
  new Counter({
    ...about,
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ result: 'hit' }, lookups.hits);
      this.inc({ result: 'miss' }, lookups.misses);
    },
  });
}
