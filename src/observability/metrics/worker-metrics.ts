import { AggregatorRegistry, type MetricObject, type Registry } from 'prom-client';
import type { Peers } from '../../workers/peers.ts';

/** The metrics of one worker, as `getMetricsAsJSON` of prom-client returns them. */
interface WorkerMetrics {
  readonly worker: number | undefined;
  readonly metrics: readonly WorkerMetric[];
}

type WorkerMetric = Omit<MetricObject, 'aggregator'> & {
  readonly aggregator: string;
  readonly values: readonly { readonly labels: Readonly<Record<string, string | number>> }[];
};

/** Metrics with these aggregators describe all workers, and have one series for them. */
const common: ReadonlySet<string> = new Set(['first', 'max']);

/**
 * Creates a function that returns the metrics of all workers in the text format. Each series of a worker has its number
 * in the label `worker`: a sum would fall when a worker ends, and Prometheus would count it as a reset of the whole sum.
 */
export function createReadMetrics(
  registry: Registry,
  peers: Pick<Peers, 'worker' | 'handle' | 'callAll'>,
): () => Promise<string> {
  const { worker } = peers;
  if (worker === undefined) return () => registry.metrics();
  peers.handle('metrics', async () => ({ worker, metrics: await registry.getMetricsAsJSON() }));
  return async () => {
    const all = (await peers.callAll('metrics')) as readonly WorkerMetrics[];
    return AggregatorRegistry.aggregate(all.map(withWorker)).metrics();
  };
}

function withWorker({ worker, metrics }: WorkerMetrics): MetricObject[] {
  const labelled = metrics.map((metric) => {
    if (common.has(metric.aggregator)) return metric;
    const values = metric.values.map((value) => ({
      ...value,
      labels: { ...value.labels, worker },
    }));
    return { ...metric, aggregator: 'sum', values };
  });
  return labelled as MetricObject[];
}
