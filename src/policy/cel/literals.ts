import type { ASTNode } from '@marcbachmann/cel-js';
import { ExpressionError } from './syntax-error.ts';
import type { Type, Node } from './types.ts';

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

const timestampFormat =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Whether the text is a timestamp of RFC 3339 (https://www.rfc-editor.org/rfc/rfc3339#section-5.6) from the year 1 to 9999, with at
 * most three digits of fraction. The library accepts more than that: 29 February 2023, local times, and fractions that it drops.
 */
function isTimestamp(text: string): boolean {
  const date = timestampFormat.exec(text)?.[1];
  if (date === undefined) return false;
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return false;
  // An offset may lead out of these years.
  return /^(?!0000)\d{4}-/.test(new Date(text).toISOString());
}

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const century = 100 * 365 * 24 * units.h;

/**
 * Whether the text is a duration in whole units, such as `1h30m`, of at most 100 years. With more, a sum could leave the range of
 * `Date`, and comparisons with it would be false instead of an error.
 */
function isDuration(text: string): boolean {
  if (!/^(\d{1,9}(h|ms|m|s))+$/.test(text)) return false;
  const parts = [...text.matchAll(/(\d+)(h|ms|m|s)/g)];
  const milliseconds = parts.map(
    ([, amount, unit]) => Number(amount) * units[unit as keyof typeof units],
  );
  return milliseconds.reduce((sum, each) => sum + each, 0) <= century;
}
