import { applicationVisitorKind, namesMember, type Ask } from '../ask.ts';
import type { Scope } from '../cel/expression.ts';
import { fieldsRead } from '../cel/fields-read.ts';
import {
  createChannelType,
  type ChannelType,
  type FactRequest,
  type KindRules,
} from '../channel-type.ts';
import type { FactKind } from '../fact-kind.ts';
import { kindNamed, ruleName, type PrincipalKind } from '../principal.ts';
import { checkKinds } from './check-channel.ts';
import { checkSource, type SourceContext } from './check-source.ts';
import { compileList } from './compile-list.ts';
import { compileChecks, compileIds, compileMember, type ResolvedFact } from './compile-rules.ts';
import type {
  ChannelDeclaration,
  Expression,
  KindMember,
  KindRulesDeclaration,
} from './policy-document.ts';
import type { Report } from './report.ts';
import {
  factScope,
  paramScope,
  principalScope,
  shareScope,
  type PrincipalTypes,
} from './rule-scope.ts';

export interface ChannelContext extends SourceContext {
  readonly factKinds: ReadonlyMap<string, FactKind>;
  readonly principals: PrincipalTypes;
}

/** Builds the channel type of a declaration. Reports each problem at its place; then the result is `undefined`. */
export function buildChannel(
  declaration: ChannelDeclaration,
  context: ChannelContext,
): ChannelType | undefined {
  const { report } = context;
  const before = report.count();
  const { ask } = declaration;
  if (ask !== undefined) checkSource(ask.source, [...ask.at, ask.type], context);
  const kinds = declaration.allow.flatMap((rules) => knownKind(rules, context) ?? []);
  // The member of a misspelt kind would be reported as well.
  if (kinds.length === declaration.allow.length) {
    for (const { path, message, part } of checkKinds(declaration)) report.at(path, message, part);
  }
  const facts = declaration.facts.flatMap((each) => resolveFact(each, context) ?? []);
  // Every expression that reads an unknown one would be reported as well.
  if (kinds.length < declaration.allow.length || facts.length < declaration.facts.length) {
    return undefined;
  }
  const params = paramScope(Object.keys(declaration.params));
  const requests = facts.map((fact) => ({
    ...fact,
    ...compileIds(fact, { kinds, params, principals: context.principals, report }),
  }));
  const haveIds = report.count() === before;
  const rules = new Map<PrincipalKind, KindRules>();
  for (const each of declaration.allow) {
    const kind = kindNamed(each.kind);
    const principal = principalScope([kind], context.principals);
    const known = requests.filter(({ appliesTo }) => appliesTo.has(kind));
    const scope = shareScope({ ...params, ...principal, ...factScope(known) });
    const of = <T extends { readonly kind: string }>(list: readonly T[]) =>
      list.find((entry) => entry.kind === each.kind);
    const [member, list] = [of(declaration.member), of(declaration.list)];
    rules.set(kind, {
      ...compileSides(each, { member, known, scope, report }),
      member: member && compileMember(member, scope, report),
      // A list finds the parameters by the ids of the facts.
      ...(haveIds &&
        list &&
        compileList(list, {
          declaration,
          facts,
          context,
          scope: shareScope({ ...principal, now: 'timestamp' }),
        })),
    });
  }
  if (report.count() > before) return undefined;
  return report.attempt(declaration.at, () =>
    createChannelType(declaration.pattern, {
      ...declaration,
      about: declaration.about ?? '',
      also: declaration.forms,
      rules: rules.size === 0 && ask !== undefined ? everyKind(ask, context.principals) : rules,
    }),
  );
}

const noRules: KindRules = { facts: [], names: [], check: () => [] };

/** The rules of a channel without `allow`: the application decides about every kind of principal. */
export function everyKind(
  ask: Ask,
  principals: PrincipalTypes,
): ReadonlyMap<PrincipalKind, KindRules> {
  const kinds = [...principals.keys()].filter(
    (kind) => kind !== applicationVisitorKind || namesMember(ask),
  );
  return new Map(kinds.map((kind) => [kind, noRules]));
}

interface SidesContext {
  readonly member: KindMember | undefined;
  readonly known: readonly (FactRequest & ResolvedFact)[];
  readonly scope: Scope;
  readonly report: Report;
}

/**
 * Compiles the checks that decide, and all checks if some are only compared. A fact that only the latter read must neither
 * delay nor refuse the decision. A fact that no check reads is required, as without shadows.
 */
function compileSides(
  rules: KindRulesDeclaration,
  { member, known, scope, report }: SidesContext,
): Pick<KindRules, 'facts' | 'names' | 'refusesNobody' | 'check' | 'shadow'> {
  const { checks } = rules;
  const { checkAll, ...compiled } = compileChecks(rules, scope, report);
  const shadows = checks.filter(({ isShadow }) => isShadow);
  if (shadows.length === 0) return { facts: known, ...compiled };
  const readBy = (expressions: readonly Expression[]) =>
    new Set(expressions.flatMap((each) => factsRead(each, scope, report)));
  const watched = readBy(shadows.map(({ rule }) => rule));
  const deciding = checks.filter(({ isShadow }) => !isShadow).map(({ rule }) => rule);
  const needed = readBy([...deciding, ...expressionsOf(member)]);
  const facts = known.filter(({ name }) => needed.has(name) || !watched.has(name));
  return { facts, ...compiled, shadow: { facts: known, check: checkAll } };
}

const expressionsOf = (member: KindMember | undefined): readonly Expression[] =>
  member === undefined
    ? []
    : [member.id, ...member.info.flatMap(({ value, when }) => (when ? [value, when] : [value]))];

/** The names of the facts that an expression reads. An invalid one was reported when it was compiled. */
function factsRead({ text }: Expression, scope: Scope, report: Report): readonly string[] {
  return report.count() > 0 ? [] : [...fieldsRead(text, scope, 'facts')];
}

function knownKind(
  { kind, at }: KindRulesDeclaration,
  { principals, report }: ChannelContext,
): PrincipalKind | undefined {
  if (principals.has(kindNamed(kind))) return kindNamed(kind);
  report.unknown(at, {
    what: 'kind of principal',
    name: kind,
    known: [...principals.keys()].map(ruleName),
  });
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
  }
  return { name, kind, optional, ids };
}
