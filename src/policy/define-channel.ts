import type { ChannelForm } from './channel-name.ts';
import type { Check, Member } from './decision.ts';
import type { FactReader, FactLists } from './facts.ts';
import type { Param } from './param.ts';
import { parsePattern, type ParamNames, type ParamValues, type Pattern } from './pattern.ts';
import type { Principal, PrincipalKind, PrincipalOf } from './principal.ts';

export interface RuleContext<Fact> {
  /** `undefined` if it does not exist: then the request is refused, whatever the rule returns. */
  readonly fact: Fact | undefined;
  readonly now: number;
}

/** The declaration of a channel type; `src/policy/channels/` has all of them. */
export interface ChannelSpec<Text extends string, Fact> {
  /** Who may enter, for the generated list of channels. */
  readonly about: string;
  /** The message of a refusal, for clients that expect this text. */
  readonly denied?: string;
  /** The forms in addition to `private-`. */
  readonly forms?: readonly Exclude<ChannelForm, 'private'>[];
  readonly params: { readonly [Name in ParamNames<Text>]: Param };
  /** Loads the fact of the rules. The principal only selects the visible rows. */
  readonly load?: (
    params: ParamValues<Text>,
    facts: FactReader,
    principal: Principal,
  ) => Promise<Fact | undefined>;
  /** The tenant of the fact, if the name has none: its Pusher app signs, also for a guest without a tenant. */
  readonly tenantOf?: (fact: Fact) => string | undefined;
  /** One rule per kind of principal; a kind without a rule is refused. Rules are pure, and always return every check. */
  readonly rules: {
    readonly [Kind in PrincipalKind]?: (
      principal: PrincipalOf<Kind>,
      params: ParamValues<Text>,
      context: RuleContext<Fact>,
    ) => readonly Check[];
  };
  /** The channels of a principal, for listing; each is evaluated before it is returned. */
  readonly list?: {
    readonly [Kind in PrincipalKind]?: (
      principal: PrincipalOf<Kind>,
      facts: FactLists,
    ) => Promise<readonly ParamValues<Text>[]> | readonly ParamValues<Text>[];
  };
  /** The presence member, which other members see. */
  readonly member?: {
    readonly [Kind in PrincipalKind]?: (
      principal: PrincipalOf<Kind>,
      params: ParamValues<Text>,
      fact: Fact,
    ) => Member;
  };
  /** Whether clients also read `channel_data` on the private form. */
  readonly memberOnPrivate?: boolean;
}

type Params = Readonly<Record<string, string>>;

/** A declared channel type, without the types of its parameters and its fact. */
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
  /** The checks for this principal, or `undefined` without a rule for its kind. */
  check(
    principal: Principal,
    params: Params,
    context: RuleContext<unknown>,
  ): readonly Check[] | undefined;
  /** The parameters of the principal's channels, which are to be evaluated. */
  list(principal: Principal, facts: FactLists): Promise<readonly Params[]>;
  /** The presence member in a channel of this form, if there is one. */
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
 * Declares a channel type: a pattern, the fact to load, one rule per kind of principal.
 * Throws at start if the pattern is invalid, or if a presence form has no member.
 */
export function defineChannel<const Text extends string, Fact = undefined>(
  text: Text,
  spec: ChannelSpec<Text, Fact>,
): ChannelType {
  const pattern = parsePattern(text);
  const forms = ['private', ...(spec.forms ?? [])] as const;
  // The declaration is typed; below, the kind of the principal selects the rule.
  const rules = spec.rules as Partial<Record<PrincipalKind, Rule>>;
  const lists = (spec.list ?? {}) as Partial<Record<PrincipalKind, List>>;
  const members = (spec.member ?? {}) as Partial<Record<PrincipalKind, ToMember>>;
  const kinds = Object.keys(rules) as PrincipalKind[];
  if (forms.includes('presence') && kinds.some((kind) => members[kind] === undefined)) {
    throw new Error(
      `Channel pattern ${text}: a presence form requires a member for each kind of principal`,
    );
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
