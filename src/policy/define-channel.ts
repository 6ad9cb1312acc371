import type { ChannelForm } from './channel-name.ts';
import type { Check, Member } from './decision.ts';
import type { FactReader, FactLists } from './facts.ts';
import type { Param } from './param.ts';
import { parsePattern, type ParamNames, type ParamValues, type Pattern } from './pattern.ts';
import type { Principal, PrincipalKind, PrincipalOf } from './principal.ts';

/** What a rule is given beside the principal and the parameters; `now` in milliseconds since the epoch. */
export interface RuleContext<Fact> {
  /** `undefined` when it does not exist: then nobody enters, whatever the rule says. */
  readonly fact: Fact | undefined;
  readonly now: number;
}

/** How one family of channels is declared; see `src/policy/channels/` for all there are. */
export interface ChannelSpec<Text extends string, Fact> {
  /** One line for the generated list of channels. */
  readonly about: string;
  /** What the client of a refused visitor is told, where it expects these very words. */
  readonly denied?: string;
  /** The forms beside `private-` that the family also has. */
  readonly forms?: readonly Exclude<ChannelForm, 'private'>[];
  readonly params: { readonly [Name in ParamNames<Text>]: Param };
  /** Loads the one fact that the rules need. The principal only says whose rows may be seen. */
  readonly load?: (
    params: ParamValues<Text>,
    facts: FactReader,
    principal: Principal,
  ) => Promise<Fact | undefined>;
  /** The tenant of the fact, where the name has none: its Pusher app signs, also for a guest who belongs to no tenant. */
  readonly tenantOf?: (fact: Fact) => string | undefined;
  /** One rule a kind of principal; a kind without a rule is refused. Pure, and every check is always listed. */
  readonly rules: {
    readonly [Kind in PrincipalKind]?: (
      principal: PrincipalOf<Kind>,
      params: ParamValues<Text>,
      context: RuleContext<Fact>,
    ) => readonly Check[];
  };
  /** The channels of this family that are a principal's own, for listing; each is judged before it is told. */
  readonly list?: {
    readonly [Kind in PrincipalKind]?: (
      principal: PrincipalOf<Kind>,
      facts: FactLists,
    ) => Promise<readonly ParamValues<Text>[]> | readonly ParamValues<Text>[];
  };
  /** Who the channel's other members see. */
  readonly member?: {
    readonly [Kind in PrincipalKind]?: (
      principal: PrincipalOf<Kind>,
      params: ParamValues<Text>,
      fact: Fact,
    ) => Member;
  };
  /** Whether clients of this family read `channel_data` on its private form too. */
  readonly memberOnPrivate?: boolean;
}

type Params = Readonly<Record<string, string>>;

/** A declared family, its types forgotten: what the catalogue holds and the actions ask. */
export interface ChannelType {
  readonly pattern: Pattern;
  readonly about: string;
  readonly denied: string | undefined;
  readonly forms: readonly ChannelForm[];
  readonly params: Readonly<Record<string, Param>>;
  readonly load:
    ((params: Params, facts: FactReader, principal: Principal) => Promise<unknown>) | undefined;
  readonly tenantOf: ((fact: unknown) => string | undefined) | undefined;
  readonly kinds: readonly PrincipalKind[];
  /** The checks for this principal, or `undefined` where the family has no rule for its kind. */
  check(
    principal: Principal,
    params: Params,
    context: RuleContext<unknown>,
  ): readonly Check[] | undefined;
  /** The parameters of the channels that are this principal's own, to be judged. */
  list(principal: Principal, facts: FactLists): Promise<readonly Params[]>;
  /** What is shown of the principal in a channel of this form, if anything. */
  memberOf(
    form: ChannelForm,
    principal: Principal,
    about: { readonly params: Params; readonly fact: unknown },
  ): Member | undefined;
}

type Rule = (
  principal: Principal,
  params: Params,
  context: RuleContext<unknown>,
) => readonly Check[];
type List = (
  principal: Principal,
  facts: FactLists,
) => Promise<readonly Params[]> | readonly Params[];
type ToMember = (principal: Principal, params: Params, fact: unknown) => Member;

/**
 * Declares a family of channels: a pattern, the fact to load, one rule a kind of principal.
 * Throws at start when the pattern makes no sense or a presence form would not know whom to show.
 */
export function defineChannel<const Text extends string, Fact = undefined>(
  text: Text,
  spec: ChannelSpec<Text, Fact>,
): ChannelType {
  const pattern = parsePattern(text);
  const forms = ['private', ...(spec.forms ?? [])] as const;
  // The types were checked at the declaration; from here on the kind of the principal picks the rule.
  const rules = spec.rules as Partial<Record<PrincipalKind, Rule>>;
  const lists = (spec.list ?? {}) as Partial<Record<PrincipalKind, List>>;
  const members = (spec.member ?? {}) as Partial<Record<PrincipalKind, ToMember>>;
  const kinds = Object.keys(rules) as PrincipalKind[];
  if (forms.includes('presence') && kinds.some((kind) => members[kind] === undefined)) {
    throw new Error(`Channel pattern ${text}: a presence form must say whom it shows`);
  }
  return {
    pattern,
    about: spec.about,
    denied: spec.denied,
    forms,
    params: spec.params,
    load: spec.load as ChannelType['load'],
    tenantOf: spec.tenantOf as ChannelType['tenantOf'],
    kinds,
    check: (principal, params, context) => rules[principal.kind]?.(principal, params, context),
    list: async (principal, facts) => (await lists[principal.kind]?.(principal, facts)) ?? [],
    memberOf: (form, principal, { params, fact }) =>
      form === 'presence' || (form === 'private' && spec.memberOnPrivate === true)
        ? members[principal.kind]?.(principal, params, fact)
        : undefined,
  };
}
