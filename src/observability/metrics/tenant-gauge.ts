import { Gauge, type Registry } from 'prom-client';

/** Returns the label of a tenant. */
export type TenantLabels = (tenantId: string | undefined) => string;

/** A number for each tenant; `undefined` is the key of those without one. */
export type CountsByTenant = () => ReadonlyMap<string | undefined, number>;

/** Bounds the number of time series. */
const maxTenants = 1000;

/** The first thousand tenants have their own labels, the others share one. Without a tenant the label is empty, which Prometheus treats as absent. */
export function createTenantLabels(): TenantLabels {
  const tenants = new Set(['']);
  return (tenantId = '') => {
    if (tenants.size <= maxTenants) tenants.add(tenantId);
    return tenants.has(tenantId) ? tenantId : 'other';
  };
}

/** Adds a gauge with a value for each tenant, read at each scrape. */
export function addTenantGauge(
  registry: Registry,
  about: {
    readonly name: string;
    readonly help: string;
    readonly label: TenantLabels;
    /** `max` if each worker has the total, `sum` if each has only its own number. */
    readonly aggregator: 'max' | 'sum';
  },
  read: CountsByTenant,
): void {
  const { name, help, label, aggregator } = about;
  const labels = new Set<string>();
  new Gauge({
    name,
    help,
    aggregator,
    labelNames: ['tenant'],
    registers: [registry],
    collect() {
      // A tenant without a value is set to 0 instead of removed.
      for (const tenant of labels) this.set({ tenant }, 0);
      for (const [tenantId, figure] of read()) {
        const tenant = label(tenantId);
        labels.add(tenant);
        this.inc({ tenant }, figure);
      }
    },
  });
}
