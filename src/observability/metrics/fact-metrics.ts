import { Counter, Histogram, type Registry } from 'prom-client';
import type { MeasureFact } from '../../facts/facts-at-sources.ts';

/** Measures the requests for facts of sources, by kind of fact. */
export function createFactMetrics(registry: Registry, buckets: number[]): MeasureFact {
  const registers = [registry];
  const requests = new Counter({
    name: 'usher_source_facts_total',
    help: 'Lookups of facts and lists in sources, by kind of fact or list: found, none; invalid (the response is neither), unavailable.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const took = new Histogram({
    name: 'usher_source_fact_duration_seconds',
    help: 'Duration of lookups of facts and lists in sources, by kind of fact or list.',
    labelNames: ['kind'],
    buckets,
    registers,
  });
  return (kind) => {
    const end = took.startTimer({ kind });
    return (outcome) => {
      end();
      requests.inc({ kind, outcome });
    };
  };
}
