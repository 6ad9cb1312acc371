import { Counter, Gauge, type Registry } from 'prom-client';
import type { Unavailable } from '../../runtime/unavailable.ts';
import type { Dependencies } from '../dependencies.ts';

export interface DependencyMetrics {
  readonly countUnavailable: (error: Unavailable) => void;
  /** Adds the gauge of the dependencies' states. */
  readonly observe: (dependencies: Pick<Dependencies, 'names' | 'states'>) => void;
}

export function createDependencyMetrics(registry: Registry): DependencyMetrics {
  const registers = [registry];
  const unavailable = new Counter({
    name: 'usher_unavailable_total',
    help: 'Responses with status 503, and WebSockets closed with 1013, because a dependency was unavailable.',
    labelNames: ['dependency'],
    registers,
  });
  return {
    countUnavailable: ({ dependency }) => {
      unavailable.inc({ dependency });
    },
    observe: ({ names, states }) => {
      // Initialized with 0: Prometheus detects no increase from a missing series to 1.
      for (const dependency of names()) unavailable.inc({ dependency }, 0);
      new Gauge({
        name: 'usher_dependency_up',
        help: '1 if the dependency responded to its last request, else 0; absent before the first request.',
        labelNames: ['dependency'],
        registers,
        collect() {
          for (const [dependency, isUp] of states()) this.set({ dependency }, isUp ? 1 : 0);
        },
      });
    },
  };
}
