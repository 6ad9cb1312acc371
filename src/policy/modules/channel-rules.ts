import type { FactRequest, KindRules, ListEntry, SqlList } from '../channel-type.ts';
import type { RuleInput } from '../principal.ts';
import { check } from '../decision.ts';
import { callSafely, failed, type ModuleFunction } from './module-function.ts';
import { readChecks, readCondition, readList, readMember, readReference } from './read-result.ts';
import type { RuleFunctions } from './read-rules.ts';
import { shadowFacts, type ChannelFunctions } from './read-spec.ts';
import { withoutShadowFacts } from './shadow-facts.ts';

/** The refusal of a rule that threw, or did not return its checks. */
const notEvaluated = [check('the rule can be evaluated', false)];

function factRequests(facts: ChannelFunctions['facts']): readonly FactRequest[] {
  return [...facts].map(([name, { fact, optional }]) => ({
    name,
    optional,
    refer: (input) => {
      const reference = callSafely(fact, input, readReference);
      return reference === failed ? 'failed' : reference;
    },
  }));
}

/** The rules for the principal of this name in the channel with this pattern. */
export function rulesFor(
  [pattern, principal]: readonly [string, string],
  { deciding, all }: RuleFunctions,
  functions: ChannelFunctions,
): Omit<KindRules, 'names'> {
  const { params, hasAsk } = functions;
  const [member, list] = [functions.member.get(principal), functions.list.get(principal)];
  const facts = factRequests(functions.facts);
  const hidden = shadowFacts(functions);
  const checkDeciding = checksOf(deciding, hasAsk);
  return {
    facts: facts.filter(({ name }) => !hidden.includes(name)),
    check: (input) => checkDeciding(withoutShadowFacts(input, hidden)),
    ...(deciding.length < all.length && { shadow: { facts, check: checksOf(all, hasAsk) } }),
    ...(member && {
      member: (input) => {
        const made = callSafely(member, withoutShadowFacts(input, hidden), readMember);
        return made === failed ? undefined : made;
      },
    }),
    ...(list && {
      list: (input): readonly ListEntry[] => {
        const entries = callSafely(list, input, (value) => readList(value, params));
        return entries === failed ? [] : entries;
      },
    }),
    ...sqlListFor([pattern, principal], functions),
  };
}

/** The checks of these rules. A rule that cannot be evaluated does not hide the checks of the others. */
function checksOf(rules: readonly ModuleFunction[], hasAsk: boolean): KindRules['check'] {
  const read = (value: unknown) => readChecks(value, hasAsk);
  return (input) =>
    rules.flatMap((rule) => {
      const checks = callSafely(rule, input, read);
      return checks === failed ? notEvaluated : checks;
    });
}

/** The query of the list for a principal. Without a value of a condition the list is empty. */
function sqlListFor(
  [channel, principal]: readonly [string, string],
  { params, sqlList }: ChannelFunctions,
): Pick<KindRules, 'list' | 'sqlLists'> {
  const declared = sqlList.get(principal);
  if (declared === undefined) return {};
  const sql: SqlList = { channel, principal, query: declared.query, params };
  const list = (input: RuleInput): readonly ListEntry[] => {
    const values: Record<string, string> = {};
    for (const [name, condition] of declared.where) {
      const value = callSafely(condition, input, readCondition);
      if (value === failed || value === undefined) return [];
      values[name] = value;
    }
    return [{ sql, values }];
  };
  return { list, sqlLists: [sql] };
}
