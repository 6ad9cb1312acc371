import type { FactRequest, KindRules, ListEntry } from '../channel-type.ts';
import { check } from '../decision.ts';
import { callSafely, failed, type ModuleFunction } from './module-function.ts';
import { readChecks, readList, readMember, readReference } from './read-result.ts';
import type { ChannelFunctions } from './read-spec.ts';

/** The refusal of a rule that threw, or did not return its checks. */
const notEvaluated = [check('the rule can be evaluated', false)];

function factRequests({ facts }: ChannelFunctions): readonly FactRequest[] {
  return [...facts].map(([name, { fact, optional }]) => ({
    name,
    optional,
    refer: (input) => {
      const reference = callSafely(fact, input, readReference);
      return reference === failed ? 'failed' : reference;
    },
  }));
}

/** The rules for the principal of this name. */
export function rulesFor(
  principal: string,
  rule: ModuleFunction,
  functions: ChannelFunctions,
): Omit<KindRules, 'names'> {
  const { params } = functions;
  const [member, list] = [functions.member.get(principal), functions.list.get(principal)];
  return {
    facts: factRequests(functions),
    check: (input) => {
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
