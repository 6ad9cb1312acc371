import type { RuleInput } from '../principal.ts';

/** A rule that decides, or a member, has read a fact that only shadows may read. */
export class ShadowFactRead extends TypeError {}

/**
 * The input of a rule that decides: facts that only shadows read were not found for it. To read one is an error. If it were absent,
 * a check such as "is not banned" would hold.
 */
export function withoutShadowFacts(input: RuleInput, names: readonly string[]): RuleInput {
  if (names.length === 0) return input;
  const facts = { ...input.facts };
  for (const name of names) {
    Object.defineProperty(facts, name, {
      enumerable: true,
      get: () => {
        throw new ShadowFactRead(
          `reads facts.${name}, which has shadow: true, so that only rules with shadow: true may read it`,
        );
      },
    });
  }
  return { ...input, facts };
}
