/** Matches a string, with the colon after a name, or a bracket. */
const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;

/**
 * The names that occur more than once in the outer object of this text: `JSON.parse` uses the last value, but another parser may
 * use the first. The text must be valid JSON: only then the time is linear.
 *
 * @param onOpen - Called with the depth of each bracket that opens.
 */
export function repeatedNames(
  text: string,
  onOpen: (depth: number) => void = () => undefined,
): readonly string[] {
  const names = new Set<string>();
  const twice: string[] = [];
  let depth = 0;
  for (const [token, colon] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') {
      depth += 1;
      onOpen(depth);
    }
    if (token === '}' || token === ']') depth -= 1;
    if (colon === undefined || depth > 1) continue;
    // Unescape the name first. Otherwise "a" and "\\u0061" would be two names.
    const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
    if (names.has(name)) twice.push(name);
    names.add(name);
  }
  return twice;
}
