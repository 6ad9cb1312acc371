import type { ASTNode, BinaryOperator } from '@marcbachmann/cel-js';
import { suggestOperator, ExpressionError } from './syntax-error.ts';
import { functionNames, methodNames, typeOfCall } from './functions.ts';
import { typeOfConstant, typeOfLiteral, typeOfNegative } from './literals.ts';
import { suggestName } from './nearest-name.ts';
import {
  elementOf,
  isList,
  isObject,
  listOf,
  nameOf,
  type ScalarType,
  type Type,
  type Node,
} from './types.ts';
import { isBinaryOperator, typeOfOperation } from './operators.ts';
import { isExpressionName, type Scope } from './scope.ts';

type BinaryNode = Node<BinaryOperator | '&&' | '||'>;

/** The names that a part of an expression may read. */
interface Names {
  readonly scope: Scope;
  /** The variable of the loop around it. */
  readonly loop?: { readonly name: string; readonly type: ScalarType };
  /** The cost of the loops of the whole expression so far. */
  readonly inLoops: { nodes: number; searches: number };
}

/** Each is evaluated once for each element. With this number of them and 1,000 elements, evaluation errors take up to 0.1 s. */
const maxNodesInLoops = 32;
/** Each takes time in proportion to the product of the lengths of two lists: 20 ms if both have 1,000 elements. */
const maxSearchesInLoops = 2;

/**
 * Checks an expression against the types of its names, and returns the type of its result. Everything that is not listed here is
 * refused: the library can evaluate more, but not always as CEL defines it. Throws `ExpressionError`.
 */
export function checkExpression(ast: ASTNode, scope: Scope): Type {
  return typeOf(ast, { scope, inLoops: { nodes: 0, searches: 0 } });
}

function typeOf(node: ASTNode, names: Names): Type {
  if (names.loop !== undefined) countInLoops('nodes', node, names);
  if (isBinary(node)) return typeOfBinary(node, names);
  switch (node.op) {
    case 'value':
      return typeOfLiteral(node);
    case 'id':
      return typeOfName(node, names);
    case '.':
      return typeOfField(node, names);
    case '[]':
      return typeOfElement(node, names);
    case 'list':
      return typeOfList(node, names);
    case 'call':
      return typeOfFunction(node, names);
    case 'rcall':
      return typeOfMethod(node, names);
    case '!_':
      expectType('bool', node.args, names);
      return 'bool';
    case '-_':
      return typeOfNegative(node);
    case '?:':
      return typeOfConditional(node, names);
    case 'map':
      throw new ExpressionError('maps are not supported', node.start);
    case '.?':
    case '[?]':
      throw new ExpressionError('optional values are not supported; use has()', node.pos);
  }
}

function typeOfName({ args: name, start }: Node<'id'>, { scope, loop }: Names): Type {
  if (name === loop?.name) return loop.type;
  const type = Object.hasOwn(scope, name) ? scope[name] : undefined;
  if (type !== undefined) return type;
  const constant = ['true', 'false'].find((each) => each === name.toLowerCase());
  if (constant !== undefined)
    throw new ExpressionError(`unknown name ${name}; CEL writes ${constant}`, start);
  const known = [...Object.keys(scope), ...(loop === undefined ? [] : [loop.name])];
  throw new ExpressionError(`unknown name ${name}${suggestName(name, known)}`, start);
}

function typeOfField({ args: [object, name], pos }: Node<'.'>, names: Names): Type {
  const type = typeOf(object, names);
  if (!isObject(type))
    throw new ExpressionError(`${nameOf(type)} has no fields${suggestOperator(name)}`, pos);
  const field = Object.hasOwn(type, name) ? type[name] : undefined;
  if (field !== undefined) return field.type;
  const suggestion = suggestName(name, Object.keys(type));
  throw new ExpressionError(`unknown field ${name}${suggestion}`, pos);
}

function typeOfElement({ args: [list, index] }: Node<'[]'>, names: Names): Type {
  const type = typeOf(list, names);
  if (isObject(type))
    throw new ExpressionError('write a field after a dot, such as user.id', index.start);
  if (!isList(type)) throw new ExpressionError(`${nameOf(type)} has no elements`, index.start);
  expectType('int', index, names);
  return elementOf(type);
}

function typeOfList({ args: elements, start }: Node<'list'>, names: Names): Type {
  const [first, ...others] = elements;
  if (first === undefined)
    throw new ExpressionError('an empty list has no type; use size()', start);
  const element = typeOf(first, names);
  const list = listOf(element);
  if (list === undefined)
    throw new ExpressionError(`lists of ${nameOf(element)} are not supported`, first.start);
  for (const other of others) expectType(element, other, names);
  return list;
}

function typeOfFunction({ args: [name, args], start }: Node<'call'>, names: Names): Type {
  if (name === 'has') return typeOfHas(args, start, names);
  if (name === 'timestamp' || name === 'duration') return typeOfConstant(name, args, start);
  if (!functionNames.includes(name)) {
    const hint = suggestOperator(name) || suggestName(name, functionNames);
    throw new ExpressionError(`unknown function ${name}${hint}`, start);
  }
  const types = args.map((arg) => typeOf(arg, names));
  return typeOfCall(name, types) ?? refuseArguments(name, types, start);
}

/** The library does not check the fields in `has()`: `!has(user.tennant)` would be true. */
function typeOfHas(args: readonly ASTNode[], start: number, names: Names): Type {
  const [field] = args;
  if (field?.op !== '.' || args.length !== 1)
    throw new ExpressionError('has() takes a field, such as has(user.name)', start);
  typeOf(field, names);
  return 'bool';
}

function typeOfMethod(node: Node<'rcall'>, names: Names): Type {
  const [name, receiver, args] = node.args;
  // Between them are a dot, spaces, and perhaps parentheses or comments.
  const start = node.input.indexOf(name, receiver.end);
  if (!methodNames.includes(name)) {
    const hint = suggestOperator(name) || suggestName(name, methodNames);
    throw new ExpressionError(`unknown function ${name}${hint}`, start);
  }
  if (name === 'all' || name === 'exists') return typeOfLoop(node, start, names);
  const types = args.map((arg) => typeOf(arg, names));
  const type = typeOf(receiver, names);
  return typeOfCall(name, types, type) ?? refuseArguments(`${nameOf(type)}.${name}`, types, start);
}

function typeOfLoop(node: Node<'rcall'>, start: number, names: Names): Type {
  const [name, receiver, [variable, body]] = node.args;
  if (variable?.op !== 'id' || body === undefined)
    throw new ExpressionError(`${name}() takes a new name and a condition`, start);
  if (names.loop !== undefined)
    throw new ExpressionError(`${name}() is not supported in a loop`, start);
  const list = typeOf(receiver, names);
  if (!isList(list)) throw new ExpressionError(`${name}() is not for ${nameOf(list)}`, start);
  if (Object.hasOwn(names.scope, variable.args) || !isExpressionName(variable.args))
    throw new ExpressionError(`${variable.args} is already in use as a name`, variable.start);
  const loop = { name: variable.args, type: elementOf(list) };
  expectType('bool', body, { ...names, loop });
  return 'bool';
}

function typeOfConditional(node: Node<'?:'>, names: Names): Type {
  const [condition, then, otherwise] = node.args;
  expectType('bool', condition, names);
  const type = typeOf(then, names);
  if (isObject(type)) throw new ExpressionError('? and : are not for objects', then.start);
  expectType(type, otherwise, names);
  return type;
}

const isBinary = (node: ASTNode): node is BinaryNode => isBinaryOperator(node.op);

function typeOfBinary(node: BinaryNode, names: Names): Type {
  const { op, start } = node;
  const [left, right] = node.args;
  const [leftType, rightType] = [typeOf(left, names), typeOf(right, names)];
  const type = typeOfOperation(leftType, op, rightType);
  if (type === undefined)
    throw new ExpressionError(
      `${nameOf(leftType)} ${op} ${nameOf(rightType)} is not supported`,
      start,
    );
  // The library divides the smallest int by -1 without an error.
  if ((op === '/' || op === '%') && type === 'int' && right.op !== 'value')
    throw new ExpressionError('the divisor must be a number in digits', right.start);
  if (op === 'in' && names.loop !== undefined && right.op !== 'list')
    countInLoops('searches', right, names);
  return type;
}

function countInLoops(what: keyof Names['inLoops'], node: ASTNode, { inLoops }: Names): void {
  inLoops[what] += 1;
  if (inLoops.nodes > maxNodesInLoops)
    throw new ExpressionError('the conditions of the loops are too long', node.start);
  if (inLoops.searches > maxSearchesInLoops)
    throw new ExpressionError(
      `more than ${maxSearchesInLoops} searches with in, in loops`,
      node.start,
    );
}

function expectType(expected: Type, node: ASTNode, names: Names): void {
  const type = typeOf(node, names);
  if (type !== expected)
    throw new ExpressionError(`must be ${nameOf(expected)}, but is ${nameOf(type)}`, node.start);
}

function refuseArguments(name: string, types: readonly Type[], offset: number): never {
  throw new ExpressionError(`${name}(${types.map(nameOf).join(', ')}) is not supported`, offset);
}
