import type { Expression } from './policy-document.ts';
import type { Path } from './read-document.ts';

/** A mapping of a file that its schema allows. */
export type Raw<Value> = Readonly<Record<string, Value>>;

/** An entry of a mapping, with its place. */
export interface RawEntry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly at: Path;
}

/** The entries of a mapping at a place, in their order. */
export const entriesOf = <Value>(
  mapping: Raw<Value> | undefined,
  at: Path,
): readonly RawEntry<Value>[] =>
  Object.entries(mapping ?? {}).map(([key, value]) => ({ key, value, at: [...at, key] }));

/** A mapping of the same keys. It has no prototype. */
export function mapValues<Value, Result>(
  mapping: Raw<Value> | undefined,
  at: Path,
  convert: (value: Value, at: Path) => Result,
): Raw<Result> {
  const result = Object.create(null) as Record<string, Result>;
  for (const entry of entriesOf(mapping, at)) result[entry.key] = convert(entry.value, entry.at);
  return result;
}

export const toExpression = (text: string, at: Path): Expression => ({ text, at });

/** The names in braces of a pattern or of a path. */
export const namesInBraces = (text: string): readonly string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** A pattern or a path without the names of its parameters: two with the same result stand for the same texts. */
export const withoutNames = (text: string): string => text.replace(/\{[^}]*\}/g, '{}');

/** Two paths with the same result are the same: each is served with and without a slash at the end. */
export const shapeOfPath = (path: string): string => withoutNames(path).replace(/\/$/, '');
