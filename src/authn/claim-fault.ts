import { rejected, type RefusedCredential } from './credential.ts';

/** A refused claim: `expected` is its form, as in `a number of seconds`. The value is not in the message. */
export function claimFault(
  name: string,
  expected: string,
  found: unknown,
): Required<RefusedCredential> {
  return rejected(`claim ${name} is ${expected}: found ${describeType(found)}`);
}

/** Describes the type of a claim, never its value. */
export function describeType(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  return typeNames[typeof value] ?? 'an object';
}

const typeNames: Readonly<Partial<Record<string, string>>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'a boolean',
};
