import { Counter, type Registry } from 'prom-client';
import type { WatchDeps } from '../../authorize/shadow/watch-decisions.ts';

/** Counts the comparisons of shadow mode. */
export type CountShadow = WatchDeps['count'];

const dropReasons = ['too-many', 'policy-changed', 'not-stored'] as const;

export function createShadowMetrics(registry: Registry): CountShadow {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['family'], registers: [registry] });
  const results = {
    agreed: counter('usher_shadow_agreements_total', 'Decisions with which the shadow agreed.'),
    disagreed: counter(
      'usher_shadow_disagreements_total',
      'Decisions with which the shadow disagreed.',
    ),
    'no-verdict': counter(
      'usher_shadow_no_verdicts_total',
      'Decisions for which the shadow had no verdict, because it failed or timed out.',
    ),
  };
  const dropped = new Counter({
    name: 'usher_shadow_dropped_total',
    help: 'Decisions that were not compared (too-many, policy-changed), and comparisons that are not stored (not-stored).',
    labelNames: ['family', 'reason'],
    registers: [registry],
  });
  const known = new Set<string>();
  /** Prometheus detects no increase from a missing series to 1. */
  const initialize = (family: string): void => {
    known.add(family);
    for (const each of Object.values(results)) each.inc({ family }, 0);
    for (const reason of dropReasons) dropped.inc({ family, reason }, 0);
  };
  return (family, result) => {
    if (!known.has(family)) initialize(family);
    if (result in results) results[result as keyof typeof results].inc({ family });
    else dropped.inc({ family, reason: result });
  };
}
