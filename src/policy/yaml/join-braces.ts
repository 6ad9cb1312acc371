/** The mark of the lexer of `yaml` before a plain scalar. */
const scalarMark = '\x1f';

/**
 * Joins the tokens of a plain scalar with parameters, such as `private-{course}`, inside `[…]` or `{…}`. YAML takes its braces
 * for a mapping there, and misses the comma before it. As that is always an error, no valid text changes its meaning.
 */
export function* joinBraces(lexemes: readonly string[]): Generator<string, void> {
  let at = 0;
  while (at < lexemes.length) {
    const text = isPlain(lexemes, at) ? (lexemes[at + 1] ?? '') : '';
    const parameter = text === '' ? '' : parameterAt(lexemes, at + 2);
    if (parameter === '') {
      yield lexemes[at] ?? '';
      at += 1;
      continue;
    }
    const joined = joinText(lexemes, at + 2, text);
    yield scalarMark;
    yield joined.text;
    at = joined.end;
  }
}

function joinText(
  lexemes: readonly string[],
  start: number,
  first: string,
): { readonly text: string; readonly end: number } {
  let text = first;
  let at = start;
  for (;;) {
    const parameter = parameterAt(lexemes, at);
    if (parameter === '') return { text, end: at };
    text += parameter;
    at += 4;
    if (isPlain(lexemes, at)) {
      text += lexemes[at + 1] ?? '';
      at += 2;
    }
  }
}

const isPlain = (lexemes: readonly string[], at: number): boolean =>
  lexemes[at] === scalarMark && /^[^"'|>]/.test(lexemes[at + 1] ?? '');

/** `{name}`, or nothing. */
function parameterAt(lexemes: readonly string[], at: number): string {
  const [open, mark, name = '', close] = lexemes.slice(at, at + 4);
  const isParameter = open === '{' && mark === scalarMark && close === '}' && /^\w+$/.test(name);
  return isParameter ? `{${name}}` : '';
}
