import type { FactRequest, KindRules, ListEntry, RuleInput } from '../channel-type.ts';
import { check } from '../decision.ts';
import { callSafely, failed, type ModuleFunction } from './module-function.ts';
import { readChecks, readList, readMember, readReference } from './read-result.ts';
import type { ChannelFunctions } from './read-spec.ts';

/** The refusal of a rule that threw, or did not return its checks. */
const notEvaluated = [check('the rule can be evaluated', false)];

/** The refusal if an optional fact is absent because its function threw: rules such as "is not banned" must not hold. */
const notReferred = [check('the facts of the rule can be determined', false)];

export function factRequests({ facts }: ChannelFunctions): readonly FactRequest[] {
  return [...facts].map(([name, { fact, optional }]) => ({
    name,
    optional,
    refer: (input) => {
      const reference = callSafely(fact, input, readReference);
      return reference === failed ? undefined : reference;
    },
  }));
}

/** The rules for the principal of this name. */
export function rulesFor(
  principal: string,
  rule: ModuleFunction,
  functions: ChannelFunctions,
): Omit<KindRules, 'names'> {
  const { facts, params } = functions;
  const [member, list] = [functions.member.get(principal), functions.list.get(principal)];
  const optional = [...facts].filter(([, each]) => each.optional);
  const isReferred = (input: RuleInput) =>
    optional.every(
      ([name, { fact }]) =>
        Object.hasOwn(input.facts, name) || callSafely(fact, input, readReference) !== failed,
    );
  return {
    check: (input) => {
      if (!isReferred(input)) return notReferred;
      const checks = callSafely(rule, input, readChecks);
      return checks === failed ? notEvaluated : checks;
    },
    ...(member && {
      member: (input) => {
        const made = callSafely(member, input, readMember);
        return made === failed ? undefined : made;
      },
    }),
    ...(list && {
      list: (input): readonly ListEntry[] => {
        const entries = callSafely(list, input, (value) => readList(value, params));
        return entries === failed ? [] : entries;
      },
    }),
  };
}
