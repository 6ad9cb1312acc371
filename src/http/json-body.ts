import { malformed } from './problem.ts';

const deepest = 4;

/** Reads a JSON object; a 400 when it is not one, is nested deeper than four levels, or repeats a name. */
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
  // Only now: on text that is JSON the scan below costs its length, on hostile text it would not.
  refuseDeepAndRepeated(text);
  return value as Readonly<Record<string, unknown>>;
}

/** A string, with the colon that makes it a name; or a bracket. */
const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;

/** `JSON.parse` takes the last of two equal names without a word; another reader of the body may take the first. */
function refuseDeepAndRepeated(text: string): void {
  const open: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push(new Set());
    if (token === '}' || token === ']') open.pop();
    if (open.length > deepest) throw malformed('The body is nested too deeply');
    if (colon === undefined) continue;
    // Unescaped, or "a" and "\\u0061" would pass for two names.
    const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
    const names = open.at(-1);
    if (names?.has(name)) throw malformed('A field is repeated');
    names?.add(name);
  }
}
