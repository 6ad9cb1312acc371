import { malformed } from '../output/problem.ts';
import { repeatedField } from './repeated-field.ts';

const deepest = 4;

/**
 * Reads a JSON object; a 400 when it is not one, or is nested deeper than four levels. A field that it has twice is
 * `repeated`: `JSON.parse` takes the last one, another reader of the body may take the first.
 */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the body, which may hold a token.
    throw malformed('The body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('The body must be a JSON object');
  }
  const fields = value as Record<string, unknown>;
  // Only now: on text that is JSON the scan below costs its length, on hostile text it would not.
  for (const name of repeatedNames(text)) fields[name] = repeatedField;
  return fields;
}

/** A string, with the colon that makes it a name; or a bracket. */
const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;

/** The fields that this JSON object has more than once; a 400 when it is nested too deeply. */
function repeatedNames(text: string): readonly string[] {
  const names = new Set<string>();
  const twice: string[] = [];
  let depth = 0;
  for (const [token, colon] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth > deepest) throw malformed('The body is nested too deeply');
    if (colon === undefined || depth > 1) continue;
    // Unescaped, or "a" and "\\u0061" would pass for two names.
    const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
    if (names.has(name)) twice.push(name);
    names.add(name);
  }
  return twice;
}
