import type { Scope } from '../cel/expression.ts';
import type { KindRules, RuleInput } from '../channel-type.ts';
import { check, type Member } from '../decision.ts';
import { compileCondition, compileOneOf, compileText } from './compile-expression.ts';
import type {
  InfoEntry,
  KindMember,
  KindRules as KindRulesDeclaration,
} from './policy-document.ts';
import type { Report } from './report.ts';

/** The checks that answer, and those with the ones that are only compared. */
export interface CompiledChecks extends Pick<KindRules, 'names' | 'check'> {
  readonly checkAll: KindRules['check'];
}

/** Compiles the checks of a kind of principal. */
export function compileChecks(
  { checks }: KindRulesDeclaration,
  scope: Scope,
  report: Report,
): CompiledChecks {
  const compiled = checks.map(({ name, rule, code, isShadow }) => ({
    ...{ name, isShadow },
    code: code ?? 'not-allowed',
    holds: compileCondition(rule, scope, report),
  }));
  const answering = compiled.filter(({ isShadow }) => !isShadow);
  const checkOf =
    (list: typeof compiled): KindRules['check'] =>
    (input) =>
      list.map(({ name, code, holds }) => check(name, holds(input), code));
  return {
    names: answering.map(({ name }) => name),
    check: checkOf(answering),
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
  const compiled = compileOneOf(value, scope, { types, report });
  const holds = when && compileCondition(when, scope, report);
  return {
    name,
    value: (input: RuleInput) =>
      holds && !holds(input) ? undefined : (compiled(input) as InfoValue | undefined),
  };
}
