import type { ChannelRegistry } from '../policy/channel-registry.ts';
import type { Decision } from '../policy/decision.ts';
import type { PrincipalKind } from '../policy/principal.ts';

/** A check that refused no case of the tests: without it the tests would pass as well. */
export interface UnrefusedCheck {
  readonly pattern: string;
  readonly kind: PrincipalKind;
  readonly check: string;
}

export interface Coverage {
  /** Counts the failed checks of a decision, and returns it. */
  readonly count: (decision: Decision) => Decision;
  readonly unrefused: () => readonly UnrefusedCheck[];
}

export function createCoverage({ channelTypes }: ChannelRegistry): Coverage {
  const refused = new Set<string>();
  const keyOf = (...parts: readonly string[]) => JSON.stringify(parts);
  return {
    count: (decision) => {
      const { family = '', principal, checks } = decision;
      for (const { name, passed } of checks) {
        if (!passed) refused.add(keyOf(family, principal?.kind ?? '', name));
      }
      return decision;
    },
    unrefused: () =>
      channelTypes.flatMap(({ pattern, rules }) =>
        [...rules].flatMap(([kind, { names }]) =>
          names
            .filter((check) => !refused.has(keyOf(pattern.text, kind, check)))
            .map((check) => ({ pattern: pattern.text, kind, check })),
        ),
      ),
  };
}
