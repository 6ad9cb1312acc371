import { compileValue, ExpressionError, type Scope } from '../cel/expression.ts';
import type { FactRequest, KindRules } from '../channel-type.ts';
import type { RuleInput, PrincipalKind } from '../principal.ts';
import { check, type InfoValue, type Member } from '../decision.ts';
import type { FactKind } from '../fact-kind.ts';
import { infoValue } from '../member.ts';
import { compileCondition, compileOneOf, compileText } from './compile-expression.ts';
import type { Expression, InfoEntry, KindMember, KindRulesDeclaration } from './policy-document.ts';
import type { Report } from './report.ts';
import { principalScope, shareScope, type PrincipalTypes } from './rule-scope.ts';

/** A fact that a channel declares, with its kind. */
export interface ResolvedFact {
  readonly name: string;
  readonly kind: FactKind;
  readonly optional: boolean;
  readonly ids: readonly Expression[];
}

interface IdsContext {
  readonly kinds: readonly PrincipalKind[];
  readonly params: Scope;
  readonly principals: PrincipalTypes;
  readonly report: Report;
}

/**
 * Compiles the ids of a fact for the kinds of principal whose attributes they read. The rules of another kind cannot read the
 * fact.
 */
export function compileIds(
  { kind, ids }: ResolvedFact,
  { kinds, params, principals, report }: IdsContext,
): Pick<FactRequest, 'refer'> & { readonly appliesTo: ReadonlySet<PrincipalKind> } {
  const scopeOf = (...of: readonly PrincipalKind[]) =>
    shareScope({ ...params, ...principalScope(of, principals) });
  const before = report.count();
  const values = ids.map((id) => compileText(id, scopeOf(...kinds), report));
  const areInvalid = report.count() > before;
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
    // Otherwise every rule that reads the fact would be reported as well.
    appliesTo: new Set(areInvalid ? kinds : kinds.filter(compiles)),
    refer: (input) => {
      const found = values.map((value) => value(input));
      return found.every((each) => each !== undefined) ? { kind, ids: found } : 'failed';
    },
  };
}

/** The checks that decide, and all checks including shadows. */
interface CompiledChecks extends Pick<KindRules, 'names' | 'refusesNobody' | 'check'> {
  readonly checkAll: KindRules['check'];
}

/** Compiles the checks of a kind of principal. */
export function compileChecks(
  { checks }: KindRulesDeclaration,
  scope: Scope,
  report: Report,
): CompiledChecks {
  const compiled = checks.map(({ name, rule, code, isShadow }) => ({
    name,
    isShadow,
    code: code ?? 'not-allowed',
    isTrue: rule.text.trim() === 'true',
    holds: compileCondition(rule, scope, report),
  }));
  const deciding = compiled.filter(({ isShadow }) => !isShadow);
  const checkOf =
    (list: typeof compiled): KindRules['check'] =>
    (input) =>
      list.map(({ name, code, holds }) => check(name, holds(input), code));
  return {
    names: deciding.map(({ name }) => name),
    refusesNobody: deciding.every(({ isTrue }) => isTrue),
    check: checkOf(deciding),
    checkAll: checkOf(compiled),
  };
}

/** Compiles the presence member of a kind of principal. */
export function compileMember(
  { id, info }: KindMember,
  scope: Scope,
  report: Report,
): NonNullable<KindRules['member']> {
  const memberId = compileText(id, scope, report);
  const entries = info.map((entry) => compileInfo(entry, scope, report));
  return (input) => {
    const user_id = memberId(input);
    if (user_id === undefined) return undefined;
    const user_info: Record<string, InfoValue> = {};
    for (const { name, value } of entries) {
      const found = value(input);
      // An absent value is left out, as JSON does.
      if (found !== undefined) user_info[name] = found;
    }
    return { user_id, ...(entries.length > 0 && { user_info }) } satisfies Member;
  };
}

function compileInfo({ name, value, when }: InfoEntry, scope: Scope, report: Report) {
  const types = ['string', 'int', 'double', 'bool', 'timestamp', 'list(string)'] as const;
  const compiled = compileOneOf(value, scope, { types, report });
  const holds = when && compileCondition(when, scope, report);
  return {
    name,
    value: (input: RuleInput) => (holds && !holds(input) ? undefined : infoValue(compiled(input))),
  };
}
