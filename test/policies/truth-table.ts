import { findFacts } from '../../src/authorize/find-facts.ts';
import { hasMember, type RuleInput } from '../../src/policy/channel-type.ts';
import type { ChannelForm } from '../../src/policy/channel-name.ts';
import type { Member } from '../../src/policy/decision.ts';
import type { Fact } from '../../src/policy/fact-kind.ts';
import { principalInput, type Principal } from '../../src/policy/principal.ts';
import { shippedChannel } from '../support/shipped-policy.ts';
import { noon } from './principals.ts';

/** One row of a truth table: who asks, for what, given which fact. */
export interface Row {
  readonly who: Principal;
  readonly params?: Readonly<Record<string, string>>;
  /** The fact of every kind that the channel type needs. */
  readonly fact?: Fact | undefined;
  readonly now?: number;
}

/** The verdict of a shipped channel type: `enters`, `no rule`, or the name of the first check that fails. */
export async function verdict(pattern: string, row: Row): Promise<string> {
  const rules = shippedChannel(pattern).rules.get(row.who.kind);
  if (rules === undefined) return 'no rule';
  const checks = rules.check(await inputOf(pattern, row));
  return checks.find(({ passed }) => !passed)?.name ?? 'enters';
}

/** The member data of a shipped channel type in this form, if it has any there. */
export async function memberOf(
  pattern: string,
  form: ChannelForm,
  row: Row,
): Promise<Member | undefined> {
  const channelType = shippedChannel(pattern);
  if (!hasMember(channelType, form)) return undefined;
  return channelType.rules.get(row.who.kind)?.member?.(await inputOf(pattern, row));
}

/** What a rule reads, found as for a request. */
async function inputOf(
  pattern: string,
  { who, params = {}, fact, now = noon }: Row,
): Promise<RuleInput> {
  const facts = shippedChannel(pattern).rules.get(who.kind)?.facts ?? [];
  const known = { ...principalInput(who), params, facts: {}, now: new Date(now) };
  const find = () => Promise.resolve(fact);
  return { ...known, facts: (await findFacts(facts, known, { principal: who, find })).facts };
}
