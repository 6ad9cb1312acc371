import { ExpressionError, compileRule, compileValue, type Scope } from '../cel/expression.ts';
import type { RuleInput } from '../principal.ts';
import type { FactValue, ValueType } from '../fact-kind.ts';
import type { Expression } from './policy-document.ts';
import type { Report } from './report.ts';

const never = () => false;
const nothing = () => undefined;

/** Compiles a rule. A fault is reported at its place in the file; then the rule never holds. */
export function compileCondition(
  each: Expression,
  scope: Scope,
  report: Report,
): (input: RuleInput) => boolean {
  return expression(each, report, () => compileRule(each.text, scope)) ?? never;
}

/** Compiles a value of one of these types. The result is `undefined` if it cannot be evaluated. */
export function compileOneOf(
  each: Expression,
  scope: Scope,
  { types, report }: { readonly types: readonly ValueType[]; readonly report: Report },
): (input: RuleInput) => FactValue | undefined {
  return expression(each, report, () => compileValue(each.text, scope, types)) ?? nothing;
}

/** Compiles expressions of texts. The result is `undefined` if one of them has no value. */
export function compileTexts(
  expressions: Readonly<Record<string, Expression>>,
  scope: Scope,
  report: Report,
): (input: RuleInput) => Readonly<Record<string, string>> | undefined {
  const compiled = Object.entries(expressions).map(
    ([name, each]) => [name, compileText(each, scope, report)] as const,
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

/** Compiles the expression of a text. */
export function compileText(
  each: Expression,
  scope: Scope,
  report: Report,
): (input: RuleInput) => string | undefined {
  const compiled = compileOneOf(each, scope, { types: ['string'], report });
  return compiled as (input: RuleInput) => string | undefined;
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
