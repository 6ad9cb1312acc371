import { Counter, Gauge, type Registry } from 'prom-client';
import type { Unavailable } from '../../runtime/unavailable.ts';
import type { Dependencies } from '../dependencies.ts';

/** What is counted of that on which we depend. */
export interface DependencyMetrics {
  readonly countUnavailable: (error: Unavailable) => void;
  /** Shows from now on who answers. */
  readonly observe: (dependencies: Pick<Dependencies, 'names' | 'states'>) => void;
}

/** Creates them in a registry. */
export function createDependencyMetrics(registry: Registry): DependencyMetrics {
  const registers = [registry];
  const unavailable = new Counter({
    name: 'usher_unavailable_total',
    help: 'Answers that said to try again because a dependency could not answer: 503, and 1013 of WebSockets.',
    labelNames: ['dependency'],
    registers,
  });
  return {
    countUnavailable: ({ dependency }) => {
      unavailable.inc({ dependency });
    },
    observe: ({ names, states }) => {
      // From the start: Prometheus sees no increase from nothing to one, and would miss the first of them.
      for (const dependency of names()) unavailable.inc({ dependency }, 0);
      new Gauge({
        name: 'usher_dependency_up',
        help: '1 while what we depend on answered when it was last asked, else 0; absent until it is asked.',
        labelNames: ['dependency'],
        registers,
        collect() {
          for (const [dependency, isUp] of states()) this.set({ dependency }, isUp ? 1 : 0);
        },
      });
    },
  };
}
