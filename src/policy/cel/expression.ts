import type { ASTNode } from '@marcbachmann/cel-js';
import type { FactValue, ValueType } from '../fact-kind.ts';
import { checkExpression } from './check.ts';
import { compileDirectly, type Evaluate } from './direct.ts';
import { environmentOf } from './environment.ts';
import { syntaxError, ExpressionError } from './syntax-error.ts';
import type { Scope } from './scope.ts';
import { nameOf, type Type } from './types.ts';

export { ExpressionError } from './syntax-error.ts';
export {
  isExpressionName,
  isFieldName,
  type ObjectField,
  type ObjectType,
  type Scope,
} from './scope.ts';

/**
 * The values of the names of a scope: strings, booleans, numbers (also for `int`), `Date` for a timestamp, arrays of strings, and
 * objects of these. An absent field has no key. Evaluation reads only own properties that the scope declares.
 */
export type Variables = Readonly<Record<string, unknown>>;

/** The maximum length of an expression in UTF-16 code units. */
export const maxSourceLength = 2000;

/**
 * Compiles a rule. The result is true only if the expression evaluates to `true`: an evaluation error is false. It never throws.
 * Throws `ExpressionError` if the source is not a valid expression of type bool, and `Error` if the scope has a name that
 * expressions cannot read. Expressions with the same `Scope` object share its preparation, which takes longer than their own.
 */
export function compileRule(source: string, scope: Scope): (variables: Variables) => boolean {
  const { evaluate } = compile(source, scope, ['bool']);
  return (variables) => evaluate(variables) === true;
}

/**
 * Compiles an expression of one of these types. The result is `undefined` if the expression does not evaluate, if an int is not a
 * safe integer of JavaScript, and if a double is not finite. It never throws. Throws `ExpressionError` if the source is not valid.
 */
export function compileValue(
  source: string,
  scope: Scope,
  types: readonly ValueType[],
): (variables: Variables) => FactValue | undefined {
  return compileTyped(source, scope, types).value;
}

/** As `compileValue`, with the type of the expression. */
export function compileTyped(
  source: string,
  scope: Scope,
  types: readonly ValueType[],
): TypedExpression {
  const { evaluate, type } = compile(source, scope, types);
  // Only numbers are converted: CEL has its own types for them.
  if (type === 'int') return { type, value: (variables) => toInt(evaluate(variables)) };
  if (type === 'double') return { type, value: (variables) => toDouble(evaluate(variables)) };
  return { type, value: evaluate as TypedExpression['value'] };
}

interface TypedExpression {
  readonly type: ValueType;
  readonly value: (variables: Variables) => FactValue | undefined;
}

interface Compiled {
  readonly evaluate: Evaluate;
  readonly type: ValueType;
}

function compile(source: string, scope: Scope, types: readonly ValueType[]): Compiled {
  if (source.length > maxSourceLength)
    throw new ExpressionError(
      `the expression has more than ${maxSourceLength} characters`,
      maxSourceLength,
    );
  const { environment, view } = environmentOf(scope);
  const parsed = parse(() => environment.parse(source), source);
  const found = checkExpression(parsed.ast, scope);
  // The library prepares the evaluation in its own check, which is a second one.
  const { error } = parsed.check();
  if (error !== undefined) throw new ExpressionError(error.summary, error.range?.start ?? 0);
  const type = types.find((each) => each === found);
  if (type === undefined) throw wrongType(found, types, parsed.ast);
  const byLibrary: Evaluate = (variables) => {
    try {
      return parsed(new view(variables)) as unknown;
    } catch {
      return undefined;
    }
  };
  return { evaluate: compileDirectly(parsed.ast, scope) ?? byLibrary, type };
}

function parse<Parsed>(read: () => Parsed, source: string): Parsed {
  try {
    return read();
  } catch (error) {
    throw syntaxError(error, source);
  }
}

function wrongType(type: Type, types: readonly ValueType[], { start }: ASTNode): ExpressionError {
  return new ExpressionError(`must be ${types.join(' or ')}, but is ${nameOf(type)}`, start);
}

function toInt(value: unknown): number | undefined {
  const int = Number(value);
  return Number.isSafeInteger(int) ? int : undefined;
}

/** Adding 0 makes a 0 of -0. */
function toDouble(value: unknown): number | undefined {
  return Number.isFinite(value) ? (value as number) + 0 : undefined;
}
