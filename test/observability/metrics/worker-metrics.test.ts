import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createReadMetrics } from '../../../src/observability/metrics/worker-metrics.ts';

/** The metrics of two workers, as JSON from their processes. */
async function readOf(fill: (registry: Registry, worker: number) => void): Promise<string> {
  const responses: unknown[] = [];
  let read: () => Promise<string> = () => Promise.resolve('');
  for (const worker of [1, 2]) {
    const registry = new Registry();
    fill(registry, worker);
    read = createReadMetrics(registry, {
      worker,
      handle: (_method, run) => void responses.push(run(undefined)),
      callAll: async () =>
        JSON.parse(JSON.stringify(await Promise.all(responses))) as readonly unknown[],
    });
  }
  return read();
}

it('shows each series once for each worker', async () => {
  const text = await readOf((registry, worker) => {
    const registers = [registry];
    const labelNames = ['code'];
    new Counter({ name: 'c', help: 'h', labelNames, registers }).inc({ code: 'a' }, worker);
    new Histogram({ name: 'd', help: 'h', buckets: [1], registers }).observe(worker);
  });
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'))).toEqual([
    '# TYPE c counter',
    'c{code="a",worker="1"} 1',
    'c{code="a",worker="2"} 2',
    '# TYPE d histogram',
    'd_bucket{le="1",worker="1"} 1',
    'd_bucket{le="+Inf",worker="1"} 1',
    'd_sum{worker="1"} 1',
    'd_count{worker="1"} 1',
    'd_bucket{le="1",worker="2"} 0',
    'd_bucket{le="+Inf",worker="2"} 1',
    'd_sum{worker="2"} 2',
    'd_count{worker="2"} 1',
  ]);
});

it('has metrics of the deployment once, not for each worker', async () => {
  const text = await readOf((registry, worker) => {
    const registers = [registry];
    new Gauge({ name: 'g', help: 'h', aggregator: 'max', registers }).set(worker);
  });
  expect(text).toContain('g 2\n');
  expect(text).not.toContain('worker');
});
