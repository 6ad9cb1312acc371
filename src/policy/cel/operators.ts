import { elementOf, isList, nameOf, type Type } from './types.ts';

const equatable: readonly Type[] = ['string', 'int', 'double', 'bool', 'timestamp'];
// Not strings: JavaScript orders them by UTF-16 code units, CEL by code points.
const ordered: readonly Type[] = ['int', 'double', 'timestamp'];

const arithmetic = new Map<string, Type>([
  ['string + string', 'string'],
  ...['+', '-', '*', '/', '%'].map((op): [string, Type] => [`int ${op} int`, 'int']),
  ...['+', '-', '*', '/'].map((op): [string, Type] => [`double ${op} double`, 'double']),
  ['timestamp + duration', 'timestamp'],
  ['timestamp - duration', 'timestamp'],
]);

const binary = ['==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||', '+', '-', '*', '/', '%'];

export const isBinaryOperator = (op: string): boolean => binary.includes(op);

/** The type of the result of a binary operator, or `undefined` if it does not take these operands. */
export function typeOfOperation(left: Type, op: string, right: Type): Type | undefined {
  switch (op) {
    case '==':
    case '!=':
      return left === right && equatable.includes(left) ? 'bool' : undefined;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return left === right && ordered.includes(left) ? 'bool' : undefined;
    case 'in':
      return isList(right) && elementOf(right) === left ? 'bool' : undefined;
    case '&&':
    case '||':
      return left === 'bool' && right === 'bool' ? 'bool' : undefined;
    default:
      return arithmetic.get(`${nameOf(left)} ${op} ${nameOf(right)}`);
  }
}
