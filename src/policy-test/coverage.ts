import { findFacts } from '../authorize/find-facts.ts';
import type { ChannelRegistry } from '../policy/channel-registry.ts';
import { firstFailed } from '../policy/decision.ts';
import type { FindFact } from '../policy/fact-kind.ts';
import { ruleInput, type Principal, type PrincipalKind } from '../policy/principal.ts';
import { withoutPermit } from '../runtime/permits.ts';

/** A rule that the tests do not cover: they would also pass with a different rule. */
export interface Uncovered {
  readonly pattern: string;
  readonly kind: PrincipalKind;
  /** The check that fails in no case; absent if no case is granted. */
  readonly check?: string;
}

interface CoveredRequest {
  readonly channel: string;
  readonly principal: Principal;
  readonly now: number;
}

export interface Coverage {
  /**
   * Evaluates the rules of a request, without the constraints of its route and tenant: those refuse before a rule does. A
   * check covers itself if it is the first that fails, and no required fact is missing.
   */
  readonly add: (request: CoveredRequest) => Promise<void>;
  readonly uncovered: () => readonly Uncovered[];
}

export function createCoverage(channels: ChannelRegistry, find: () => FindFact): Coverage {
  const covered = new Set<string>();
  const keyOf = (...parts: readonly string[]) => JSON.stringify(parts);
  return {
    add: async ({ channel, principal, now }) => {
      const match = channels.matchText(channel);
      const rules = match?.channelType.rules.get(principal.kind);
      if (match === undefined || rules === undefined) return;
      const { params, channelType } = match;
      const known = ruleInput(principal, { params, facts: {}, now: new Date(now) });
      const { facts, missing } = await findFacts(rules.facts, known, {
        principal,
        find: find(),
        withLentPermit: withoutPermit,
      });
      if (missing !== undefined) return;
      const failed = firstFailed(rules.check({ ...known, facts }));
      covered.add(
        keyOf(channelType.pattern.text, principal.kind, ...(failed ? [failed.name] : [])),
      );
    },
    uncovered: () =>
      channels.channelTypes.flatMap(({ pattern: { text: pattern }, tenant, rules }) =>
        [...rules].flatMap(([kind, { names, refusesNobody = false }]): readonly Uncovered[] => {
          // Without checks the application decides.
          const isGranted = names.length === 0 || covered.has(keyOf(pattern, kind));
          // For a channel of a tenant, everybody would be the users of all tenants.
          const needsRefusals = !refusesNobody || tenant !== undefined;
          const unrefused = names.filter((check) => !covered.has(keyOf(pattern, kind, check)));
          return [
            ...(isGranted ? [] : [{ pattern, kind }]),
            ...(needsRefusals ? unrefused.map((check) => ({ pattern, kind, check })) : []),
          ];
        }),
      ),
  };
}
