import type { ValueType } from '../policy/fact-kind.ts';
import { maxTime, type AttributeValue } from '../policy/principal.ts';
import { parseDatetime } from '../runtime/datetime.ts';
import { printableText } from './claims.ts';

const maxLength = 128;
const maxItems = 1000;

/**
 * Reads the value of an attribute from a claim; `undefined` for a claim of another type. A list with an element that cannot be read
 * is not read: a rule may test for an element that was left out.
 */
export function readAttribute(claim: unknown, type: ValueType): AttributeValue | undefined {
  switch (type) {
    case 'string':
      return printableText(claim, maxLength);
    case 'int':
      return Number.isSafeInteger(claim) ? (claim as number) : undefined;
    case 'double':
      return Number.isFinite(claim) ? (claim as number) : undefined;
    case 'bool':
      return typeof claim === 'boolean' ? claim : undefined;
    case 'timestamp':
      return readTime(claim);
    case 'list(string)':
      return readTexts(Array.isArray(claim) ? claim : [claim]);
  }
}

/** The values that `readAttribute` accepts, for messages. */
export function attributeForm(type: ValueType): string {
  return forms[type];
}

const text = `a printable text of 1 to ${maxLength} characters`;

const forms: Readonly<Record<ValueType, string>> = {
  string: text,
  int: 'a whole number',
  double: 'a number',
  bool: 'true or false',
  timestamp: 'a time in seconds since 1970, or a text such as 2025-12-31T11:00:00Z',
  'list(string)': `${text}, or a list of at most ${maxItems} of them`,
};

function readTime(claim: unknown): Date | undefined {
  const seconds = typeof claim === 'number' ? Math.floor(claim * 1000) : undefined;
  const time = seconds ?? (typeof claim === 'string' ? parseDatetime(claim) : undefined);
  const isTime = time !== undefined && time >= 0 && time <= maxTime;
  return isTime ? new Date(time) : undefined;
}

function readTexts(claim: readonly unknown[]): readonly string[] | undefined {
  if (claim.length > maxItems) return undefined;
  const texts = claim.map((each) => printableText(each, maxLength));
  return texts.every((each) => each !== undefined) ? texts : undefined;
}
