import { applicationVisitorKind, isDeciding, namesMember, type Ask } from './ask.ts';
import { isCacheBody, type ChannelForm, type PatternForm } from './pusher-names.ts';
import type { Check, Member } from './decision.ts';
import type { FactQuery, FactReference } from './fact-kind.ts';
import { paramOf, type Param, type ParamType } from './param.ts';
import { parsePattern, type Pattern } from './pattern.ts';
import type { SqlQuery } from './sql/query.ts';
import { ruleName, type PrincipalKind, type RuleInput } from './principal.ts';
import { hint } from './yaml/schema-error.ts';

/** A fact that a channel needs. */
export interface FactRequest {
  /** The name under which rules read it. */
  readonly name: string;
  /** Whether the rules hold without it. */
  readonly optional: boolean;
  /**
   * The kind and the ids; `undefined` for a fact that does not exist. `failed`: the ids cannot be computed, so the request is
   * refused, even if the fact is optional: a rule such as "is not banned" must not hold. Must not throw.
   */
  readonly refer: (input: RuleInput) => FactReference | undefined | 'failed';
}

/** A query of the application's database for the channels of a principal. Each row has the parameters of one channel. */
export interface SqlList {
  /** The pattern of the channel, and the kind of principal, for messages. */
  readonly channel: string;
  readonly principal: PrincipalKind;
  /** Its parameters are the names of the conditions. */
  readonly query: SqlQuery;
  /** The parameters of the channel, each of which is a column of the result. */
  readonly params: readonly string[];
}

/**
 * One list of a principal's channels: parameters, a query for facts whose ids are the parameters, or a query by SQL with the values
 * of its conditions.
 */
export type ListEntry =
  | { readonly params: Readonly<Record<string, string>> }
  | { readonly sql: SqlList; readonly values: Readonly<Record<string, string>> }
  | {
      readonly query: FactQuery;
      readonly paramsOf: (ids: readonly string[]) => Readonly<Record<string, string>>;
    };

/** The rules of a channel for one kind of principal. */
export interface KindRules {
  /** The facts that the rules read. */
  readonly facts: readonly FactRequest[];
  /** The names of the checks, for documentation. */
  readonly names: readonly string[];
  /** Whether every check is `true` for everybody, so that no case can be refused by one. */
  readonly refusesNobody?: boolean | undefined;
  /** Every check, in order. Must not throw. */
  readonly check: (input: RuleInput) => readonly Check[];
  /** The presence member; `undefined` if it cannot be computed. Must not throw. */
  readonly member?: ((input: RuleInput) => Member | undefined) | undefined;
  /** The lists of the principal's channels. Must not throw. */
  readonly list?: ((input: RuleInput) => readonly ListEntry[]) | undefined;
  /** The queries by SQL that the lists may return. */
  readonly sqlLists?: readonly SqlList[] | undefined;
  /** With checks that are only compared: the facts of all checks, and all checks. */
  readonly shadow?: Pick<KindRules, 'facts' | 'check'> | undefined;
}

/** The shadow of a channel: its verdict is compared with the decision of the other side, and has no effect. */
export type Shadow =
  | { readonly side: 'application'; readonly ask: Ask }
  /** All checks, including shadows. */
  | { readonly side: 'rules'; readonly rules: ReadonlyMap<PrincipalKind, KindRules> };

/** A channel type of the policy, from YAML or from a module. */
export interface ChannelType {
  readonly pattern: Pattern;
  readonly about: string;
  /** The message of a refusal, for clients that expect this text. */
  readonly denied: string | undefined;
  readonly forms: readonly PatternForm[];
  readonly params: Readonly<Record<string, Param>>;
  /** The parameter that is the tenant. */
  readonly tenant: string | undefined;
  /** By kind of principal. A kind without rules is refused. */
  readonly rules: ReadonlyMap<PrincipalKind, KindRules>;
  /** The `ask` of the channel: the application's decision is one more check. */
  readonly ask: Ask | undefined;
  /** The side that is only compared. */
  readonly shadow: Shadow | undefined;
  /** Whether clients also read `channel_data` on the private form. */
  readonly memberOnPrivate: boolean;
}

/** The `ask` of a channel, whether it decides or is only compared. */
export function anyAskOf({ ask, shadow }: Pick<ChannelType, 'ask' | 'shadow'>): Ask | undefined {
  return ask ?? (shadow?.side === 'application' ? shadow.ask : undefined);
}

export interface ChannelParts extends Pick<ChannelType, 'about' | 'rules'> {
  readonly params: Readonly<Record<string, ParamType>>;
  readonly also?: readonly PatternForm[] | undefined;
  readonly denied?: string | undefined;
  readonly tenant?: string | undefined;
  readonly ask?: Ask | undefined;
  readonly memberOnPrivate?: boolean | undefined;
}

/** Throws an `Error` that names the pattern if the parts do not fit together. */
export function createChannelType(text: string, parts: ChannelParts): ChannelType {
  const pattern = parsePattern(text);
  const invalid = (why: string) => new Error(`Channel pattern ${text}: ${why}`);
  const names = pattern.segments.flatMap((each) => ('param' in each ? [each.param] : []));
  const { about, denied, tenant, rules, ask, memberOnPrivate = false } = parts;
  for (const name of names) {
    if (!Object.hasOwn(parts.params, name)) throw invalid(`params does not describe {${name}}`);
  }
  for (const name of Object.keys(parts.params)) {
    if (!names.includes(name)) throw invalid(`has no parameter {${name}}`);
  }
  if (tenant !== undefined && !names.includes(tenant)) {
    throw invalid(`the tenant ${tenant} is not a parameter; ${hint(tenant, names)}`);
  }
  if (rules.size === 0 && !isDeciding(ask)) throw invalid('allows nobody');
  const forms = formsOf(pattern, parts.also);
  const memberless = [...rules].find(([, { member }]) => member === undefined);
  const isPresence = forms.some((form) => form.startsWith('presence'));
  if (isPresence && rules.size === 0 && !namesMember(ask)) {
    throw invalid(
      'the presence form requires allow and member: only a response to laravel has a member',
    );
  }
  if (rules.has(applicationVisitorKind) && !namesMember(ask)) {
    throw invalid(
      `only an application with \`ask: { laravel: … }\` can read the credential of a ${applicationVisitorKind}`,
    );
  }
  if (isPresence && memberless !== undefined && !namesMember(ask)) {
    throw invalid(`the presence form requires a member for ${ruleName(memberless[0])}`);
  }
  const params = Object.fromEntries(
    Object.entries(parts.params).map(([name, type]) => [name, paramOf(type)]),
  );
  return {
    pattern,
    about,
    denied,
    forms,
    params,
    tenant,
    rules,
    memberOnPrivate,
    ask: ask?.isShadow === true ? undefined : ask,
    shadow: shadowOf(ask, rules),
  };
}

function shadowOf(ask: Ask | undefined, rules: ChannelType['rules']): Shadow | undefined {
  if (ask?.isShadow === true) return { side: 'application', ask };
  if ([...rules.values()].every(({ shadow }) => shadow === undefined)) return undefined;
  const all = [...rules].map(([kind, each]) => [kind, { ...each, ...each.shadow }] as const);
  return { side: 'rules', rules: new Map(all) };
}

/** The forms without duplicates. All names of a pattern such as `private-cache-{id}` have `cache-` in common. */
function formsOf(pattern: Pattern, also: readonly PatternForm[] = []): readonly PatternForm[] {
  const forms = [pattern.form, ...also];
  return [...new Set(isCachePattern(pattern) ? forms.map(withoutCacheForm) : forms)];
}

/** Whether all names of a pattern are those of cache channels. */
export function isCachePattern({ segments: [first] }: Pattern): boolean {
  return first !== undefined && 'literal' in first && isCacheBody(first.literal);
}

const withoutCacheForm = (form: PatternForm): PatternForm =>
  form.replace(/-cache$/, '') as ChannelForm;

/** A channel type in the generated lists. */
export interface ChannelDescription {
  /** The pattern in each form. */
  readonly patterns: readonly string[];
  readonly about: string;
  /** The names of the checks for each accepted kind of principal, by the name of the kind in policies. */
  readonly checks: Readonly<Record<string, readonly string[]>>;
}

export function describeChannel({ pattern, forms, about, rules }: ChannelType): ChannelDescription {
  const body = pattern.text.slice(pattern.form.length);
  return {
    patterns: forms.map((form) => form + body),
    about,
    checks: Object.fromEntries([...rules].map(([kind, { names }]) => [ruleName(kind), names])),
  };
}
