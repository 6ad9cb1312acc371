/** A token of a PHP file. */
export interface PhpToken {
  readonly type: 'name' | 'variable' | 'text' | 'symbol';
  /** As in the file. */
  readonly source: string;
  /** The value of a text; `undefined` if only PHP can evaluate it. */
  readonly value?: string | undefined;
  readonly line: number;
  /** The offset of its first character. */
  readonly at: number;
}

/** A syntax error of a PHP file, at this line. */
export class PhpFault extends Error {
  override readonly name = 'PhpFault';

  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

/** PHP allows every byte above ASCII in names. */
const letter = '[A-Za-z_\\u0080-\\uffff]';
const word = '[\\w\\u0080-\\uffff]';

/** In order of precedence. Matches without a type are skipped. */
const rules: readonly (readonly [type: PhpToken['type'] | undefined, rule: RegExp])[] = [
  [undefined, /\s+/y],
  [undefined, /(?:\/\/|#(?!\[))(?:(?!\?>)[^\r\n])*/y],
  [undefined, /\/\*[^]*?\*\//y],
  // HTML between two PHP blocks.
  [undefined, /\?>(?:(?!<\?(?:php|=))[^])*(?:<\?(?:php|=))?/iy],
  ['text', /'[^'\\]*(?:\\[^][^'\\]*)*'/y],
  ['text', /<<<[ \t]*(["']?)(\w+)\1\r?\n(?:[^]*?\n)??[ \t]*\2\b/y],
  ['variable', new RegExp(`\\$${letter}${word}*`, 'y')],
  ['name', new RegExp(`\\\\?${letter}(?:${word}|\\\\)*`, 'y')],
  ['name', /\d[\w.]*/y],
  ['symbol', /::|\?->|->|=>|={2,3}|[^]/y],
];

/** Reads a PHP file as tokens, without comments. Throws `PhpFault`. */
export function readPhp(text: string): readonly PhpToken[] {
  const tokens: PhpToken[] = [];
  const opening = /<\?(?:php\b|=)/i.exec(text);
  if (opening === null) throw new PhpFault(1, 'has no <?php');
  let at = opening.index + opening[0].length;
  let line = lines(text.slice(0, at)) + 1;
  while (at < text.length) {
    const found = nextToken(text, at, line);
    const { type, source } = found;
    if (type !== undefined) tokens.push({ ...found, type, line, at });
    line += lines(source);
    at += source.length;
  }
  return tokens;
}

const lines = (text: string): number => text.split('\n').length - 1;

interface Found extends Pick<PhpToken, 'source' | 'value'> {
  readonly type: PhpToken['type'] | undefined;
}

function nextToken(text: string, at: number, line: number): Found {
  const character = text.charAt(at);
  if (character === '"' || character === '`') {
    const end = endOfInterpolated(text, at);
    if (end === undefined) throw new PhpFault(line, 'a string is not closed');
    const source = text.slice(at, end);
    return { type: 'text', source, value: character === '"' ? doubleQuoted(source) : undefined };
  }
  for (const [type, rule] of rules) {
    rule.lastIndex = at;
    const source = rule.exec(text)?.[0];
    if (source === undefined) continue;
    if (source === "'") throw new PhpFault(line, 'a string is not closed');
    if (source === '/' && text.startsWith('/*', at)) {
      throw new PhpFault(line, 'a comment is not closed');
    }
    const value = source.startsWith("'")
      ? source.slice(1, -1).replaceAll(/\\([\\'])/g, '$1')
      : undefined;
    return { type, source, value };
  }
  throw new PhpFault(line, 'is not PHP');
}

/** The end of a text with variables, whose expressions in `{$…}` may have texts of their own. */
function endOfInterpolated(text: string, start: number): number | undefined {
  const quote = text.charAt(start);
  let depth = 0;
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\\') at += 1;
    else if (depth === 0 && character === quote) return at + 1;
    else if (text.startsWith('{$', at)) depth += 1;
    else if (depth > 0 && character === '{') depth += 1;
    else if (depth > 0 && character === '}') depth -= 1;
    else if (depth > 0 && /["'`]/.test(character)) {
      const end = endOfInterpolated(text, at);
      if (end === undefined) return undefined;
      at = end - 1;
    }
  }
  return undefined;
}

/** The value of a text in double quotes without variables and without escapes such as `\n`, which no channel name has. */
function doubleQuoted(source: string): string | undefined {
  const inner = source.slice(1, -1);
  if (/(?<!\\)(?:\\\\)*\$[A-Za-z_{\u0080-\uffff]|\{\$|\\[^\\"$]/.test(inner)) return undefined;
  return inner.replaceAll(/\\([\\"$])/g, '$1');
}
