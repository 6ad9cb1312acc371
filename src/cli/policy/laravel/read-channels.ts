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
  /** The handler of the channel. */
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
  const leave = ({ line }: PhpToken, reason: string, source = lineOf(text, line)) => {
    unread.push({ line, reason, source });
  };
  /** The first tokens of expressions to which a call may be chained, by the indexes of their last tokens. */
  const chains = new Map<number, PhpToken>();
  let depth = 0;
  let endOfOuter = 0;
  tokens.forEach((token, i) => {
    if (token.source === '{') depth += 1;
    if (token.source === '}') depth -= 1;
    const reason = otherReason(tokens, i, imports);
    if (reason !== undefined) leave(token, reason);
    if (isConnection(tokens, i, imports)) {
      chains.set(readArguments(tokens, i + 3).next - 1, token);
    }
    if (!isChannelCall(tokens, i)) return;
    const from = tokens[i - 1] ?? token;
    const start = chains.get(i - 1) ?? from;
    const call = readArguments(tokens, i + 2);
    const named = tokens[i + 1] ?? token;
    const source = text.slice(start.at, call.endAt);
    if (chains.has(i - 1) || isBroadcast(from, imports)) {
      const read = readCall(call, imports);
      const { line } = named;
      if (typeof read === 'string') leave(named, read, source);
      else channels.push({ ...read, line, source, isInBlock: depth > 0 || i < endOfOuter });
      chains.set(call.next - 1, start);
      endOfOuter = Math.max(endOfOuter, call.next);
    } else if (call.count > 1) {
      const [other, shown] =
        from.type === 'symbol' ? ['another object', undefined] : [from.source, source];
      leave(named, `only channels of Broadcast are read, not those of ${other}`, shown);
    }
  });
}

/** Whether `::channel(` or `->channel(` begins at this token. */
const isChannelCall = (tokens: readonly PhpToken[], i: number): boolean =>
  /^(?:::|\??->)$/.test(tokens[i]?.source ?? '') &&
  /^channel$/i.test(tokens[i + 1]?.source ?? '') &&
  tokens[i + 2]?.source === '(';

/** Whether `Broadcast::driver(` or `Broadcast::connection(` begins at this token. */
const isConnection = (tokens: readonly PhpToken[], i: number, imports: Imports): boolean =>
  isStaticUse(tokens, i, imports) &&
  /^(?:driver|connection)$/i.test(tokens[i + 2]?.source ?? '') &&
  tokens[i + 3]?.source === '(';

/** Whether `Broadcast::` begins at this token. */
const isStaticUse = (tokens: readonly PhpToken[], i: number, imports: Imports): boolean =>
  tokens[i]?.type === 'name' && isBroadcast(tokens[i], imports) && tokens[i + 1]?.source === '::';

/** The methods other than `channel` that declare no channel. */
const otherMethods =
  /^(?:channel|routes|userRoutes|channelRoutes|resolveAuthenticatedUser(?:Using)?|auth|socket|event|queue|on|private|presence|driver|connection|extend|purge|fake)$/i;

/** Why these tokens may declare channels that are not read. */
function otherReason(tokens: readonly PhpToken[], i: number, imports: Imports): string | undefined {
  const { source = '', type, value = '' } = tokens[i] ?? {};
  if (type === 'name' && /^(?:require|include)(?:_once)?$/i.test(source)) {
    return 'the file that is loaded here was not read: run the command for it as well';
  }
  const isMethod = /^(?:::|\??->)$/.test(tokens[i - 1]?.source ?? '');
  if (type === 'name' && /^eval$/i.test(source) && !isMethod) {
    return 'the code that eval runs was not read, and may declare channels';
  }
  const isCallable = type === 'text' && /^\\?(?:\w+\\)*Broadcast::channel$/i.test(value);
  const isOther =
    isStaticUse(tokens, i, imports) && !otherMethods.test(tokens[i + 2]?.source ?? '');
  return isCallable || isOther
    ? 'Broadcast is used in a way that is not read, and may declare channels here'
    : undefined;
}

/** The full names of classes by their short names, in lower case, as PHP compares them. */
type Imports = ReadonlyMap<string, string>;

/** Reads `use A\B;`, `use A\B as C, D;` and `use A\{B, C as D};`. */
function readImports(tokens: readonly PhpToken[]): Imports {
  const imports = new Map<string, string>();
  tokens.forEach(({ source }, i) => {
    if (source.toLowerCase() !== 'use' || tokens[i + 1]?.type !== 'name') return;
    const end = tokens.findIndex((token, at) => at > i && token.source === ';');
    const statement = tokens.slice(i + 1, end === -1 ? tokens.length : end);
    const isGroup = statement[1]?.source === '{';
    const prefix = isGroup ? (statement[0]?.source ?? '') : '';
    for (const [name, as, alias] of splitAtCommas(isGroup ? statement.slice(2) : statement)) {
      if (name?.type !== 'name') continue;
      const isRenamed = as?.source.toLowerCase() === 'as';
      const short = isRenamed ? alias?.source : name.source.split('\\').at(-1);
      imports.set((short ?? '').toLowerCase(), (prefix + name.source).replace(/^\\/, ''));
    }
  });
  return imports;
}

function splitAtCommas(tokens: readonly PhpToken[]): readonly (readonly PhpToken[])[] {
  const parts: PhpToken[][] = [[]];
  for (const token of tokens) {
    if (token.source === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

const fullName = (name: string, imports: Imports): string =>
  imports.get(name.toLowerCase()) ?? name.replace(/^\\/, '');

const isBroadcast = ({ source }: PhpToken, imports: Imports): boolean =>
  /(?:^|\\)Broadcast$/i.test(fullName(source, imports));

type Read = Pick<LaravelChannel, 'name' | 'handler' | 'options'>;

/** The channel of a call, or the reason why it cannot be read. */
function readCall({ of }: Arguments, imports: Imports): Read | string {
  const name = of('channel', 0);
  const handler = of('callback', 1);
  if (isUnpacked(name)) return 'the arguments of the call are not literals';
  if (handler.length === 0) return 'the call has no handler';
  const text = literalOf(name);
  if (text !== undefined) return { name: text, handler, options: of('options', 2) };
  const model = modelOf(name);
  if (model === undefined) return 'the name of the channel is not one literal text';
  const full = fullName(model, imports).split('\\');
  const short = full.at(-1) ?? '';
  const param = short.charAt(0).toLowerCase() + short.slice(1);
  return `the model determines the name of the channel; unless it defines broadcastChannelRoute, the name is ${full.join('.')}.{${param}}`;
}

/** Whether this is `...$arguments`, or `...` of a first-class callable. */
const isUnpacked = (tokens: readonly PhpToken[]): boolean =>
  tokens.length > 0 && tokens.slice(0, 3).every(({ source }) => source === '.');

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
