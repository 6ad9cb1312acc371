import type { ASTNode } from '@marcbachmann/cel-js';
import { isDuration, isTimestamp } from './constants.ts';
import { ExpressionError } from './expression-error.ts';
import type { Node } from './node.ts';
import type { Type } from './types.ts';

const maxInt = 2n ** 63n - 1n;

export function typeOfLiteral({ args: value, start }: Node<'value'>): Type {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'double';
  if (value === null) throw new ExpressionError('null is not supported; use has()', start);
  if (typeof value !== 'bigint')
    throw new ExpressionError('bytes and uint are not supported', start);
  if (value > maxInt) throw new ExpressionError('the number is too large for an int', start);
  return 'int';
}

/** The library negates the smallest int without an error. Only a literal is certain not to be that number. */
export function typeOfNegative({ args: operand, start }: Node<'-_'>): Type {
  if (operand.op === 'value') {
    const type = typeOfLiteral(operand);
    if (type === 'int' || type === 'double') return type;
  }
  throw new ExpressionError('- takes a number in digits; write 0 - x instead of -x', start);
}

const constants = {
  timestamp: { isValid: isTimestamp, example: "timestamp('2026-01-31T12:00:00Z')" },
  duration: { isValid: isDuration, example: "duration('1h30m'), at most 100 years" },
} as const;

/** Constants are checked now, because the library accepts wrong ones. */
export function typeOfConstant(
  name: 'timestamp' | 'duration',
  args: readonly ASTNode[],
  start: number,
): Type {
  const [text] = args;
  const { isValid, example } = constants[name];
  if (text?.op !== 'value' || typeof text.args !== 'string' || args.length !== 1)
    throw new ExpressionError(`${name}() takes a constant, such as ${example}`, start);
  if (!isValid(text.args))
    throw new ExpressionError(`not a ${name}; write it as ${example}`, text.start);
  return name;
}
