import { Composer, isScalar, Lexer, Parser, type CST, type ParsedNode, type YAMLError } from 'yaml';
import { joinBraces } from './join-braces.ts';
import { type TextProblem } from './read-text.ts';

/** The maximum depth of mappings and lists. */
export const maxDepth = 16;

/** The maximum number of values, with those that aliases repeat. */
export const maxNodes = 20_000;

/** A value, its key, the marks between them and their indentation take at most this number of tokens. */
const maxTokens = 8 * maxNodes;

interface Syntax {
  /** The only document of the text, if it has no fault. */
  readonly root?: ParsedNode | undefined;
  readonly problems: readonly TextProblem[];
}

/** Parses the text as one document of YAML 1.2 with its core schema. Work and depth are bounded. */
export function parseSyntax(text: string): Syntax {
  const { tokens, problem } = readTokens(text);
  if (problem !== undefined) return { problems: [problem] };
  const [first, second] = tokens.filter(({ type }) => type === 'document');
  if (second !== undefined)
    return fault(second.offset, 'a second document: one file is one document');
  const directive = tokens.find(({ type }) => type === 'directive');
  if (directive !== undefined) return fault(directive.offset, 'directives (%) are not read');
  if (first === undefined) return fault(0, 'the file is empty');
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    resolveKnownTags: false,
    merge: false,
    // These take time by the square of the number of keys: `read-nodes.ts` finds duplicate keys.
    uniqueKeys: false,
  });
  const [document] = composer.compose(tokens, true, text.length);
  const errors = document?.errors ?? [];
  if (errors.length > 0) return { problems: toProblems(errors) };
  const root = document?.contents ?? undefined;
  return isEmpty(root) ? fault(0, 'the file is empty') : { root, problems: [] };
}

const fault = (offset: number, message: string): Syntax => ({ problems: [{ offset, message }] });

/** Of the faults at one place only the first: the others follow from it. */
function toProblems(
  errors: readonly Pick<YAMLError, 'code' | 'message' | 'pos'>[],
): readonly TextProblem[] {
  const first = new Map([...errors].reverse().map((error) => [error.pos[0], error]));
  return [...first.values()].map(({ pos: [offset], code, message }) => ({
    offset,
    // The message may contain a part of the file.
    message:
      (message.startsWith(afterEnd) ? afterQuote : undefined) ??
      messages[code] ??
      `not YAML: ${firstToLower(message)
        .replace(/\p{Cc}/gu, ' ')
        .trim()}`,
  }));
}

/** The message of `yaml` for `'admin' in user.roles`, which is a text in quotes with more after it. */
const afterEnd = 'Unexpected scalar at node end';
const afterQuote =
  'text after the end of a value in quotes, brackets or braces: write the whole value in quotes';

/** Clearer messages for frequent mistakes. */
const messages: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab in the indentation: indent with spaces',
  MULTIPLE_DOCS: 'a second document: one file is one document',
  BLOCK_AS_IMPLICIT_KEY: 'a second `: ` in one line: write the value in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line, and `: ` after it',
  KEY_OVER_1024_CHARS: 'a key has more than 1024 characters',
};

const firstToLower = (message: string): string =>
  message.charAt(0).toLowerCase() + message.slice(1);

const isEmpty = (node: ParsedNode | undefined): boolean =>
  node === undefined || (isScalar(node) && node.source === '' && node.type === 'PLAIN');

interface Tokens {
  readonly tokens: readonly CST.Token[];
  readonly problem?: TextProblem;
}

/** Parses with the parser of `yaml`, which has its own stack. Its composer, which runs next, is recursive. */
function readTokens(text: string): Tokens {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of joinBraces([...new Lexer().lex(text)])) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    lexemes += 1;
    const message = limitExceeded(parser.stack, lexemes);
    if (message !== undefined) return { tokens, problem: { offset: parser.offset, message } };
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}

function limitExceeded(stack: readonly CST.Token[], lexemes: number): string | undefined {
  if (lexemes > maxTokens) return tooManyValues;
  if (stack.length <= maxDepth) return undefined;
  const depth = stack.filter(({ type }) => collections.has(type)).length;
  return depth > maxDepth ? tooDeep : undefined;
}

const collections: ReadonlySet<string> = new Set(['block-map', 'block-seq', 'flow-collection']);

export const tooDeep = `mappings and lists are nested more than ${maxDepth} deep`;

export const tooManyValues = `more than ${maxNodes} values: split the file into several files of one directory`;
