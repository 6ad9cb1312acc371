import { findFacts } from '../../src/authorize/find-facts.ts';
import { type KindRules } from '../../src/policy/channel-type.ts';
import { hasMember } from '../../src/authorize/evaluate.ts';
import { type RuleInput, ruleInput, type Principal } from '../../src/policy/principal.ts';
import type { ChannelForm } from '../../src/policy/pusher-names.ts';
import type { Check, Member } from '../../src/policy/decision.ts';
import type { Fact } from '../../src/policy/fact-kind.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { withoutPermit } from '../../src/runtime/permits.ts';
import { channelOf, shippedPolicy } from '../support/shipped-policy.ts';
import { noon } from './principals.ts';

/** One row of a truth table: the principal, the channel, and the fact. */
export interface Row {
  readonly who: Principal;
  readonly params?: Readonly<Record<string, string>>;
  /** The fact of every kind that the channel type needs. */
  readonly fact?: Fact | undefined;
  readonly now?: number;
}

/** The rows of a truth table as one policy decides them. */
export interface TruthTable {
  /** The verdict of the channel type with this pattern: `enters`, `no rule`, or the name of the first check that fails. */
  readonly verdict: (pattern: string, row: Row) => Promise<string>;
  /** Every check of the channel type with this pattern. */
  readonly checks: (pattern: string, row: Row) => Promise<readonly Check[] | undefined>;
  /** The member data of the channel type with this pattern, if it has any in this form. */
  readonly memberOf: (pattern: string, form: ChannelForm, row: Row) => Promise<Member | undefined>;
}

export function createTruthTable(policy: Policy): TruthTable {
  const checks: TruthTable['checks'] = async (pattern, row) => {
    const rules = channelOf(policy, pattern).rules.get(row.who.kind);
    return rules?.check(await inputOf(rules, row));
  };
  return {
    checks,
    verdict: async (pattern, row) => {
      const made = await checks(pattern, row);
      if (made === undefined) return 'no rule';
      return made.find(({ passed }) => !passed)?.name ?? 'enters';
    },
    memberOf: async (pattern, form, row) => {
      const channelType = channelOf(policy, pattern);
      const rules = channelType.rules.get(row.who.kind);
      if (!rules?.member || !hasMember(channelType, form)) return undefined;
      return rules.member(await inputOf(rules, row));
    },
  };
}

/** The truth table of the shipped policies. */
export const { verdict, memberOf } = createTruthTable(shippedPolicy);

/** The facts of a rule, looked up as for a request. */
async function inputOf(
  { facts: requests }: KindRules,
  { who, params = {}, fact, now = noon }: Row,
): Promise<RuleInput> {
  const known = ruleInput(who, { params, facts: {}, now: new Date(now) });
  const find = () => Promise.resolve(fact);
  const reader = { principal: who, find, withLentPermit: withoutPermit };
  return { ...known, facts: (await findFacts(requests, known, reader)).facts };
}
