import { PhpFault, readPhp, type PhpToken } from './php-tokens.ts';
import { readArguments, type Arguments } from './php-arguments.ts';

/** A call of `Broadcast::channel`. */
export interface LaravelChannel {
  /** Its name, such as `orders.{order}`. */
  readonly name: string;
  readonly line: number;
  /** The call as in the file. */
  readonly source: string;
  /** Whether it is within braces, such as those of an `if`. */
  readonly isInBlock: boolean;
  /** What decides. */
  readonly handler: readonly PhpToken[];
  readonly options: readonly PhpToken[];
}

/** A part of the file that may declare channels and was not read. */
export interface Unread {
  readonly line: number;
  readonly reason: string;
  readonly source: string;
}

export interface LaravelChannels {
  readonly channels: readonly LaravelChannel[];
  readonly unread: readonly Unread[];
}

/** Reads the channels of a `routes/channels.php`. Never runs it. */
export function readLaravelChannels(text: string): LaravelChannels {
  const channels: LaravelChannel[] = [];
  const unread: Unread[] = [];
  try {
    readCalls(text, { channels, unread });
  } catch (error) {
    if (!(error instanceof PhpFault)) throw error;
    unread.push({ line: error.line, reason: error.message, source: '' });
  }
  return { channels, unread };
}

interface Reading {
  readonly channels: LaravelChannel[];
  readonly unread: Unread[];
}

function readCalls(text: string, { channels, unread }: Reading): void {
  const tokens = readPhp(text);
  const imports = readImports(tokens);
  let depth = 0;
  let last: { readonly end: number; readonly from: PhpToken } | undefined;
  for (let i = 0; i < tokens.length;) {
    const token = tokens[i];
    if (token === undefined) return;
    if (token.source === '{') depth += 1;
    if (token.source === '}') depth -= 1;
    if (/^(?:require|include)(?:_once)?$/i.test(token.source)) {
      const reason = 'the file that is loaded here was not read: run the command for it as well';
      unread.push({ line: token.line, reason, source: lineOf(text, token.line) });
    }
    if (!isChannelCall(tokens, i)) {
      i += 1;
      continue;
    }
    const from = tokens[i - 1] ?? token;
    const isChained = last?.end === i - 1;
    const call = readArguments(tokens, i + 2);
    const start = isChained && last !== undefined ? last.from : from;
    const source = text.slice(start.at, call.endAt);
    const { line } = tokens[i + 1] ?? token;
    if (isChained || isBroadcast(from, imports)) {
      const read = readCall(call, imports);
      if (typeof read === 'string') unread.push({ line, reason: read, source });
      else channels.push({ ...read, line, source, isInBlock: depth > 0 });
      last = { end: call.next - 1, from: start };
    } else if (call.count > 1) {
      const reason = `only channels of Broadcast are read, not those of ${from.source}`;
      unread.push({ line, reason, source });
    }
    i = call.next;
  }
}

/** Whether `::channel(` or `->channel(` is here. */
const isChannelCall = (tokens: readonly PhpToken[], i: number): boolean =>
  /^(?:::|\??->)$/.test(tokens[i]?.source ?? '') &&
  /^channel$/i.test(tokens[i + 1]?.source ?? '') &&
  tokens[i + 2]?.source === '(';

/** The full names of classes by their short names, in lower case, as PHP compares them. */
type Imports = ReadonlyMap<string, string>;

function readImports(tokens: readonly PhpToken[]): Imports {
  const imports = new Map<string, string>();
  tokens.forEach(({ source }, i) => {
    const name = tokens[i + 1];
    if (source.toLowerCase() !== 'use' || name?.type !== 'name') return;
    const isRenamed = tokens[i + 2]?.source.toLowerCase() === 'as';
    const short = isRenamed ? tokens[i + 3]?.source : name.source.split('\\').at(-1);
    imports.set((short ?? '').toLowerCase(), name.source.replace(/^\\/, ''));
  });
  return imports;
}

const fullName = (name: string, imports: Imports): string =>
  imports.get(name.toLowerCase()) ?? name.replace(/^\\/, '');

const isBroadcast = ({ source }: PhpToken, imports: Imports): boolean =>
  /(?:^|\\)Broadcast$/i.test(fullName(source, imports));

type Read = Pick<LaravelChannel, 'name' | 'handler' | 'options'>;

/** The channel of a call, or why it cannot be read. */
function readCall({ of }: Arguments, imports: Imports): Read | string {
  const name = of('channel', 0);
  const handler = of('callback', 1);
  if (handler.length === 0) return 'the call has no handler';
  const text = literalOf(name);
  if (text !== undefined) return { name: text, handler, options: of('options', 2) };
  const model = modelOf(name);
  if (model === undefined) return 'the name of the channel is not one literal text';
  const full = fullName(model, imports).split('\\');
  const short = full.at(-1) ?? '';
  const param = short.charAt(0).toLowerCase() + short.slice(1);
  return `the model says the name of the channel; unless it has a broadcastChannelRoute of its own, it is ${full.join('.')}.{${param}}`;
}

/** The value of a text, or of texts that are joined by dots. */
function literalOf(tokens: readonly PhpToken[]): string | undefined {
  const values = tokens.map((token, i) => (i % 2 === 0 ? token.value : token.source));
  const isJoined = values.every((value, i) => (i % 2 === 0 ? value !== undefined : value === '.'));
  if (!isJoined || tokens.length % 2 === 0) return undefined;
  return values.filter((_value, i) => i % 2 === 0).join('');
}

/** The class of `Order::class` or of `new Order`. */
function modelOf([first, second, third]: readonly PhpToken[]): string | undefined {
  if (first?.source.toLowerCase() === 'new') return second?.source;
  return second?.source === '::' && third?.source === 'class' ? first?.source : undefined;
}

const lineOf = (text: string, line: number): string => text.split('\n')[line - 1]?.trim() ?? '';
