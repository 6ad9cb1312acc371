import { malformed } from '../output/problem.ts';
import { repeatedField } from './repeated-field.ts';
import { isJsonObject } from '../../runtime/json.ts';

const deepest = 4;

/**
 * Parses a JSON object. Throws a 400 if the text is not an object or is nested deeper than four levels. A field that
 * occurs twice becomes `repeated`: `JSON.parse` uses the last value, but another parser may use the first.
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> {
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
  for (const name of repeatedNames(text)) fields[name] = repeatedField;
  return fields;
}

/** Matches a string, with the colon after a field name, or a bracket. */
const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;

/** Returns the fields that occur more than once. Throws a 400 if the object is nested too deeply. */
function repeatedNames(text: string): readonly string[] {
  const names = new Set<string>();
  const twice: string[] = [];
  let depth = 0;
  for (const [token, colon] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth > deepest) throw malformed('The body is nested too deeply');
    if (colon === undefined || depth > 1) continue;
    // Unescape the name first. Otherwise "a" and "\\u0061" would be two names.
    const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
    if (names.has(name)) twice.push(name);
    names.add(name);
  }
  return twice;
}
