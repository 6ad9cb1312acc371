import { malformed } from '../output/problem.ts';
import { isJsonObject } from '../../runtime/json.ts';
import { repeatedNames } from '../../runtime/repeated-names.ts';

/** Marks a field that was sent more than once. Another parser of the body may use a different one of its values. */
export const repeatedField = Symbol('repeated');

const deepest = 4;

/**
 * Parses a JSON object. Throws a 400 if the text is not an object or is nested deeper than four levels. A field that
 * occurs twice becomes `repeated`: `JSON.parse` uses the last value, but another parser may use the first.
 */
export function parseJsonBody(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the body, which may contain a token.
    throw malformed('The body is not JSON');
  }
  if (!isJsonObject(value)) throw malformed('The body must be a JSON object');
  const fields: Record<string, unknown> = value;
  // The scan runs after the parser, because its time is linear only for valid JSON.
  for (const name of repeatedNames(text, checkDepth)) fields[name] = repeatedField;
  return fields;
}

function checkDepth(depth: number): void {
  if (depth > deepest) throw malformed('The body is nested too deeply');
}
