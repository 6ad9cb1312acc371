import type { ASTNode } from '@marcbachmann/cel-js';
import { checkExpression } from './check.ts';
import { isList, isObject, type ScalarType, type Type, type Node } from './types.ts';
import type { Scope } from './scope.ts';

/** Evaluates a checked expression. The result is `undefined` for an evaluation error. It never throws. */
export type Evaluate = (variables: unknown) => unknown;

/**
 * Compiles the expressions of most rules to closures: paths, constants, comparisons, `in`, `has()`, `!`, `&&`, `||`, `? :`
 * and `+` of strings. Returns `undefined` for an expression with anything else, which the library evaluates. The library takes several
 * times as long, and 20 µs for each absent value, which is an exception there. `ast` must be checked.
 */
export function compileDirectly(ast: ASTNode, scope: Scope): Evaluate | undefined {
  switch (ast.op) {
    case 'value':
      return constant(ast.args);
    case 'id':
    case '.':
      return path(ast, scope);
    case '!_':
      return not(ast.args, scope);
    case '&&':
      return logical(ast.args, false, scope);
    case '||':
      return logical(ast.args, true, scope);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(ast.op, ast.args, scope);
    case '+':
      return checkExpression(ast, scope) === 'string' ? concatenation(ast.args, scope) : undefined;
    case 'in':
      return membership(ast.args, scope);
    case '?:':
      return conditional(ast.args, scope);
    case 'call':
      return presence(ast, scope);
    case 'rcall':
    case 'list':
    case '[]':
    case '-_':
    case '-':
    case '*':
    case '/':
    case '%':
    case 'map':
    case '.?':
    case '[?]':
      return undefined;
  }
}

function constant(value: unknown): Evaluate | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return () => value;
  if (typeof value !== 'bigint' || !Number.isSafeInteger(Number(value))) return undefined;
  const int = Number(value);
  return () => int;
}

/** As for the library, only own properties count, and a value of another type than the declared one is an error. */
function path(node: Node<'id' | '.'>, scope: Scope): Evaluate | undefined {
  const names = namesOf(node);
  if (names === undefined) return undefined;
  const isValid = typeTest(checkExpression(node, scope));
  return (variables) => {
    const value = readPath(variables, names);
    return isValid(value) ? value : undefined;
  };
}

/** The names of a path, such as `facts.order.owner_id`. */
function namesOf(node: ASTNode): readonly string[] | undefined {
  if (node.op === 'id') return [node.args];
  if (node.op !== '.') return undefined;
  const [object, name] = node.args;
  const before = namesOf(object);
  return before && [...before, name];
}

function readPath(variables: unknown, names: readonly string[]): unknown {
  let value = variables;
  for (const name of names) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Returns the test whether a value is of a type. */
function typeTest(type: Type): (value: unknown) => boolean {
  if (isObject(type)) return isRecord;
  return isList(type) ? Array.isArray : scalarTests[type];
}

const scalarTests: Readonly<Record<ScalarType | 'duration', (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int: Number.isSafeInteger,
  double: (value) => typeof value === 'number',
  timestamp: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
  // No variable of a rule has this type.
  duration: () => false,
};

function not(operand: ASTNode, scope: Scope): Evaluate | undefined {
  const evaluate = compileDirectly(operand, scope);
  return (
    evaluate &&
    ((variables) => {
      const value = evaluate(variables);
      return value === undefined ? undefined : !value;
    })
  );
}

/** `&&` and `||`: the deciding value of either side is the result, even if the other side is an error. */
function logical(
  operands: readonly [ASTNode, ASTNode],
  deciding: boolean,
  scope: Scope,
): Evaluate | undefined {
  return combined(operands, scope, (left, right) => (variables) => {
    const first = left(variables);
    if (first === deciding) return deciding;
    const second = right(variables);
    if (second === deciding) return deciding;
    return first === undefined || second === undefined ? undefined : !deciding;
  });
}

/** Compiles two operands and what is made of them; `undefined` if the library must evaluate one of them. */
function combined(
  [left, right]: readonly [ASTNode, ASTNode],
  scope: Scope,
  combine: (left: Evaluate, right: Evaluate) => Evaluate,
): Evaluate | undefined {
  const first = compileDirectly(left, scope);
  const second = first && compileDirectly(right, scope);
  return first && second && combine(first, second);
}

type Compare = (left: unknown, right: unknown) => boolean;

const comparisons: Readonly<Record<'==' | '!=' | '<' | '<=' | '>' | '>=', Compare>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => Number(left) < Number(right),
  '<=': (left, right) => Number(left) <= Number(right),
  '>': (left, right) => Number(left) > Number(right),
  '>=': (left, right) => Number(left) >= Number(right),
};

function comparison(
  operator: keyof typeof comparisons,
  operands: readonly [ASTNode, ASTNode],
  scope: Scope,
): Evaluate | undefined {
  const compare = comparisons[operator];
  // Two objects are never equal, but two times are.
  const isTime = checkExpression(operands[0], scope) === 'timestamp';
  return combined(operands, scope, (left, right) => (variables) => {
    const first = left(variables);
    const second = right(variables);
    if (first === undefined || second === undefined) return undefined;
    return isTime ? compare(Number(first), Number(second)) : compare(first, second);
  });
}

function concatenation(operands: readonly [ASTNode, ASTNode], scope: Scope): Evaluate | undefined {
  return combined(operands, scope, (left, right) => (variables) => {
    const first = left(variables);
    const second = right(variables);
    if (typeof first !== 'string' || typeof second !== 'string') return undefined;
    return first + second;
  });
}

/** `in` with a path or with a list of constants. */
function membership(
  [element, list]: readonly [ASTNode, ASTNode],
  scope: Scope,
): Evaluate | undefined {
  const find = compileDirectly(element, scope);
  const within = list.op === 'list' ? constants(list.args) : compileDirectly(list, scope);
  if (find === undefined || within === undefined) return undefined;
  return (variables) => {
    const value = find(variables);
    const elements = within(variables) as readonly unknown[] | undefined;
    return value === undefined ? undefined : elements?.includes(value);
  };
}

function constants(elements: readonly ASTNode[]): Evaluate | undefined {
  const values = elements.map((each) => (each.op === 'value' ? each.args : undefined));
  return values.every((each) => typeof each === 'string') ? () => values : undefined;
}

function conditional(
  [condition, then, otherwise]: readonly [ASTNode, ASTNode, ASTNode],
  scope: Scope,
): Evaluate | undefined {
  const decide = compileDirectly(condition, scope);
  if (decide === undefined) return undefined;
  return combined([then, otherwise], scope, (first, second) => (variables) => {
    const decided = decide(variables);
    if (decided === undefined) return undefined;
    return decided === true ? first(variables) : second(variables);
  });
}

/** `has()` of a path. An absent object around the field is an error, and so is a value of another type. */
function presence({ args: [name, [field]] }: Node<'call'>, scope: Scope): Evaluate | undefined {
  if (name !== 'has' || field?.op !== '.') return undefined;
  const [object, member] = field.args;
  const find = compileDirectly(object, scope);
  if (find === undefined) return undefined;
  const isValid = typeTest(checkExpression(field, scope));
  return (variables) => {
    const found = find(variables);
    if (!isRecord(found)) return undefined;
    const value = Object.hasOwn(found, member) ? found[member] : undefined;
    if (value === undefined) return false;
    return isValid(value) ? true : undefined;
  };
}
