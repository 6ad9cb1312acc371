import { Gauge, type Registry } from 'prom-client';

/** Gives the label of a tenant. */
export type TenantLabels = (tenantId: string | undefined) => string;

/** A figure of each tenant; `undefined` stands for what has none. */
export type CountsByTenant = () => ReadonlyMap<string | undefined, number>;

/** Tenants with a label of their own; every label is a time series for good. */
const maxTenants = 1000;

/** Creates the labels of a thousand tenants; the others share one. Who has no tenant has an empty label, which to Prometheus is none. */
export function createTenantLabels(): TenantLabels {
  const tenants = new Set(['']);
  return (tenantId = '') => {
    if (tenants.size <= maxTenants) tenants.add(tenantId);
    return tenants.has(tenantId) ? tenantId : 'other';
  };
}

/** Adds a gauge that shows a figure of each tenant, read each time that Prometheus fetches. */
export function addTenantGauge(
  registry: Registry,
  about: { readonly name: string; readonly help: string; readonly label: TenantLabels },
  read: CountsByTenant,
): void {
  const { name, help, label } = about;
  const labels = new Set<string>();
  new Gauge({
    ...{ name, help, labelNames: ['tenant'], registers: [registry] },
    collect() {
      // A tenant of whom nothing is left shows 0, and is not gone.
      for (const tenant of labels) this.set({ tenant }, 0);
      for (const [tenantId, figure] of read()) {
        const tenant = label(tenantId);
        labels.add(tenant);
        this.inc({ tenant }, figure);
      }
    },
  });
}
