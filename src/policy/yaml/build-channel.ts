import {
  compileRule,
  compileValue,
  ExpressionError,
  type Scope,
  type Variables,
} from '../cel/expression.ts';
import {
  createChannelType,
  type ChannelType,
  type FactRequest,
  type KindRules,
  type ListEntry,
  type RuleInput,
} from '../channel-type.ts';
import { check, type Member } from '../decision.ts';
import type { FactKind, FactQuery } from '../fact-kind.ts';
import type { ParamType } from '../param.ts';
import type { PrincipalKind } from '../principal.ts';
import type {
  ChannelDeclaration,
  Expression,
  InfoEntry,
  KindList,
  KindMember,
  KindRules as KindRulesDeclaration,
  ListQuery,
  ParamDeclaration,
} from './policy-document.ts';
import { kindOf } from './principal-kind.ts';
import type { Report } from './report.ts';
import { factScope, paramScope, principalScope, type PrincipalTypes } from './rule-scope.ts';

export interface ChannelContext {
  readonly factKinds: ReadonlyMap<string, FactKind>;
  readonly principals: PrincipalTypes;
  readonly report: Report;
}

/** A fact that a channel declares, with its kind. */
interface ResolvedFact {
  readonly name: string;
  readonly kind: FactKind;
  readonly optional: boolean;
  readonly ids: readonly Expression[];
}

/** Builds the channel type of a declaration. Reports each problem at its place; then the result is `undefined`. */
export function buildChannel(
  declaration: ChannelDeclaration,
  context: ChannelContext,
): ChannelType | undefined {
  const { report } = context;
  const before = report.count();
  const kinds = declaration.allow.flatMap((rules) => knownKind(rules, context) ?? []);
  const facts = declaration.facts.flatMap((each) => resolveFact(each, context) ?? []);
  const params = paramScope(Object.keys(declaration.params));
  const requests = facts.map((fact) => ({
    ...fact,
    ...compileIds(fact, { kinds, params, context }),
  }));
  const rules = new Map<PrincipalKind, KindRules>();
  for (const each of declaration.allow) {
    const kind = kindOf(each.kind);
    const principal = principalScope([kind], context.principals);
    const known = requests.filter(({ appliesTo }) => appliesTo.has(kind));
    const scope = { ...params, ...principal, ...factScope(known) };
    const of = <T extends { readonly kind: string }>(list: readonly T[]) =>
      list.find((entry) => entry.kind === each.kind);
    const [member, list] = [of(declaration.member), of(declaration.list)];
    rules.set(kind, {
      facts: known,
      ...compileChecks(each, scope, report),
      member: member && compileMember(member, scope, report),
      list:
        list &&
        compileList(list, {
          declaration,
          facts,
          context,
          scope: { ...principal, now: 'timestamp' },
        }),
    });
  }
  for (const each of [...declaration.member, ...declaration.list]) {
    if (!rules.has(kindOf(each.kind)))
      report.at(each.at, `allow does not name ${each.kind}`, 'key');
  }
  if (report.count() > before) return undefined;
  return report.attempt(declaration.at, () =>
    createChannelType(declaration.pattern, {
      ...declaration,
      about: declaration.about ?? '',
      also: declaration.forms,
      params: Object.fromEntries(
        Object.entries(declaration.params).map(([name, param]) => [name, paramType(param)]),
      ),
      rules,
    }),
  );
}

function paramType(param: ParamDeclaration): ParamType {
  return param.type === 'characters'
    ? { characters: param.characters, max: param.max }
    : param.type;
}

function knownKind(
  { kind, at }: KindRulesDeclaration,
  { principals, report }: ChannelContext,
): PrincipalKind | undefined {
  if (principals.has(kindOf(kind))) return kindOf(kind);
  report.unknown(at, { what: 'kind of principal', name: kind, known: [...principals.keys()] });
  return undefined;
}

function resolveFact(
  { name, kind: kindName, ids, optional, at }: ChannelDeclaration['facts'][number],
  { factKinds, report }: ChannelContext,
): ResolvedFact | undefined {
  const kind = factKinds.get(kindName);
  if (kind === undefined) {
    report.unknown(at, { what: 'kind of fact', name: kindName, known: [...factKinds.keys()] });
    return undefined;
  }
  if (ids.length !== kind.ids.length) {
    report.at(
      at,
      `${kindName} has ${kind.ids.length} ids (${kind.ids.join(', ')}), not ${ids.length}`,
    );
    return undefined;
  }
  return { name, kind, optional, ids };
}

interface IdsContext {
  readonly kinds: readonly PrincipalKind[];
  readonly params: Scope;
  readonly context: ChannelContext;
}

/**
 * Compiles the ids of a fact for the kinds of principal whose attributes they read. The rules of another kind cannot read the
 * fact.
 */
function compileIds(
  { kind, ids }: ResolvedFact,
  { kinds, params, context }: IdsContext,
): Pick<FactRequest, 'refer'> & { readonly appliesTo: ReadonlySet<PrincipalKind> } {
  const { principals, report } = context;
  const scopeOf = (...of: readonly PrincipalKind[]) => ({
    ...params,
    ...principalScope(of, principals),
  });
  const values = ids.map((id) => text(id, scopeOf(...kinds), report));
  const compiles = (each: PrincipalKind) => {
    try {
      for (const id of ids) compileValue(id.text, scopeOf(each), ['string']);
      return true;
    } catch (error) {
      if (error instanceof ExpressionError) return false;
      throw error;
    }
  };
  return {
    appliesTo: new Set(kinds.filter(compiles)),
    refer: (input) => {
      const found = values.map((value) => value(input));
      return found.every((each) => each !== undefined) ? { kind, ids: found } : 'failed';
    },
  };
}

function compileChecks(
  { checks }: KindRulesDeclaration,
  scope: Scope,
  report: Report,
): Pick<KindRules, 'names' | 'check'> {
  const compiled = checks.map(({ name, rule, code }) => ({
    name,
    code: code ?? 'not-allowed',
    holds: expression(rule, report, () => compileRule(rule.text, scope)) ?? never,
  }));
  return {
    names: checks.map(({ name }) => name),
    check: (input) => compiled.map(({ name, code, holds }) => check(name, holds(input), code)),
  };
}

const never = () => false;
const nothing = () => undefined;

function compileMember(
  { id, info }: KindMember,
  scope: Scope,
  report: Report,
): NonNullable<KindRules['member']> {
  const memberId = text(id, scope, report);
  const entries = info.map((entry) => compileInfo(entry, scope, report));
  return (input) => {
    const user_id = memberId(input);
    if (user_id === undefined) return undefined;
    const user_info: Record<string, string | number | boolean> = {};
    for (const { name, value } of entries) {
      const found = value(input);
      // An absent value is left out, as JSON does.
      if (found !== undefined) user_info[name] = found;
    }
    return { user_id, ...(entries.length > 0 && { user_info }) } satisfies Member;
  };
}

type InfoValue = string | number | boolean;

function compileInfo({ name, value, when }: InfoEntry, scope: Scope, report: Report) {
  const types = ['string', 'int', 'double', 'bool'] as const;
  const compiled =
    expression(value, report, () => compileValue(value.text, scope, types)) ?? nothing;
  const holds = when && (expression(when, report, () => compileRule(when.text, scope)) ?? never);
  return {
    name,
    value: (input: Variables) =>
      holds && !holds(input) ? undefined : (compiled(input) as InfoValue | undefined),
  };
}

interface ListContext {
  readonly declaration: ChannelDeclaration;
  readonly facts: readonly ResolvedFact[];
  readonly context: ChannelContext;
  readonly scope: Scope;
}

function compileList({ queries }: KindList, list: ListContext): NonNullable<KindRules['list']> {
  const compiled = queries.flatMap((query) => compileQuery(query, list) ?? []);
  return (input) => compiled.flatMap((entry) => entry(input) ?? []);
}

function compileQuery(
  query: ListQuery,
  { declaration, facts, context, scope }: ListContext,
): ((input: RuleInput) => ListEntry | undefined) | undefined {
  const { report, factKinds } = context;
  const names = Object.keys(declaration.params);
  if (query.type === 'params') {
    const values = texts(query.params, scope, report);
    const missing = names.find((name) => !Object.hasOwn(query.params, name));
    if (missing !== undefined) report.at(query.at, `params does not have ${missing}`);
    return (input) => {
      const params = values(input);
      return params && { params };
    };
  }
  const kind = factKinds.get(query.fact);
  if (kind === undefined) {
    report.unknown(query.at, {
      what: 'kind of fact',
      name: query.fact,
      known: [...factKinds.keys()],
    });
    return undefined;
  }
  checkConditions(query, kind, report);
  const places = placesOf(names, kind, facts);
  const missing = names.find((name) => places[name] === undefined);
  if (missing !== undefined) {
    report.at(query.at, `no id of ${kind.name} is the parameter ${missing} of the channel`);
  }
  const where = texts(query.where, scope, report);
  const paramsOf = (ids: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, ids[places[name] ?? -1] ?? '']));
  return (input) => {
    const conditions = where(input);
    return conditions && { query: { kind, where: conditions } satisfies FactQuery, paramsOf };
  };
}

/** The place of the id of each parameter: as in the facts of the channel, otherwise the id of the same name. */
function placesOf(
  params: readonly string[],
  kind: FactKind,
  facts: readonly ResolvedFact[],
): Readonly<Record<string, number | undefined>> {
  const used = facts.find((fact) => fact.kind === kind);
  const placeOf = (name: string): number | undefined => {
    const place =
      used?.ids.findIndex(({ text }) => text.trim() === `params.${name}`) ?? kind.ids.indexOf(name);
    return place === -1 ? undefined : place;
  };
  return Object.fromEntries(params.map((name) => [name, placeOf(name)]));
}

/** The types of fields that have an index. */
const indexed: readonly string[] = ['string', 'list(string)', 'guest_session'];

function checkConditions(
  { where, at }: Extract<ListQuery, { readonly type: 'fact' }>,
  kind: FactKind,
  report: Report,
): void {
  const indexes = [
    ...kind.ids,
    ...Object.entries(kind.fields).flatMap(([name, { type }]) => {
      if (!indexed.includes(type)) return [];
      return type === 'guest_session' ? [name, `${name}.user`] : [name];
    }),
  ];
  for (const name of Object.keys(where)) {
    if (indexes.includes(name)) continue;
    report.unknown([...at, 'where', name], {
      what: `id or text field of ${kind.name}`,
      name,
      known: indexes,
    });
  }
}

/** Compiles expressions of texts. The result is `undefined` if one of them has no value. */
function texts(
  expressions: Readonly<Record<string, Expression>>,
  scope: Scope,
  report: Report,
): (input: RuleInput) => Readonly<Record<string, string>> | undefined {
  const compiled = Object.entries(expressions).map(
    ([name, each]) => [name, text(each, scope, report)] as const,
  );
  return (input) => {
    const found: Record<string, string> = {};
    for (const [name, value] of compiled) {
      const each = value(input);
      if (each === undefined) return undefined;
      found[name] = each;
    }
    return found;
  };
}

function text(
  each: Expression,
  scope: Scope,
  report: Report,
): (input: RuleInput) => string | undefined {
  const compiled = expression(each, report, () => compileValue(each.text, scope, ['string']));
  return (input) => compiled?.(input) as string | undefined;
}

/** Compiles an expression, or reports its fault at its place in the file. */
function expression<T>({ at }: Expression, report: Report, compile: () => T): T | undefined {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    report.in(at, error.offset, error.message);
    return undefined;
  }
}
