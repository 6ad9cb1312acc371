/** The names between braces in a pattern's text, so that a definition's parameters are checked by the compiler. */
export type ParamNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;

/** The values of a pattern's parameters in one channel name. */
export type ParamValues<Text extends string> = { readonly [Name in ParamNames<Text>]: string };

/** One piece of a pattern: fixed text, or the place of a parameter. */
export type Segment = { readonly literal: string } | { readonly param: string };

/** A pattern, read: the text as written, and the pieces after `private-`. */
export interface Pattern {
  readonly text: string;
  readonly segments: readonly Segment[];
}

const prefix = 'private-';

/** Reads a pattern such as `private-room-{roomId}`; throws at start, naming the pattern, when it makes no sense. */
export function parsePattern(text: string): Pattern {
  const wrong = (why: string) => new Error(`Channel pattern ${text}: ${why}`);
  if (!text.startsWith(prefix)) throw wrong(`must begin with ${prefix}`);
  const body = text.slice(prefix.length);
  // A name that begins so is read as an encrypted one and would never reach this pattern.
  if (body.startsWith('encrypted-')) throw wrong('say also: private-encrypted instead');
  // Splitting at the braces leaves literals at even places and parameter names at odd ones.
  const segments = body
    .split(/[{}]/)
    .map((piece, i): Segment => (i % 2 === 0 ? { literal: piece } : { param: piece }));
  const names = segments.flatMap((s) => ('param' in s ? [s.param] : []));
  const literals = segments.flatMap((s) => ('literal' in s ? [s.literal] : []));
  if (text !== prefix + formatSegments(segments)) throw wrong('braces do not pair up');
  if (names.some((name) => !/^[a-z][A-Za-z0-9]*$/.test(name))) throw wrong('odd parameter name');
  if (new Set(names).size !== names.length) throw wrong('a parameter stands twice');
  if (literals.some((part) => !/^[A-Za-z0-9_\-=@,.;]*$/.test(part))) throw wrong('odd character');
  // Nothing would say where one parameter ends and the next begins.
  if (literals.slice(1, -1).includes('')) throw wrong('two parameters touch');
  const written = segments.filter((s) => 'param' in s || s.literal !== '');
  if (written.length === 0) throw wrong('is empty');
  return { text, segments: written };
}

function formatSegments(segments: readonly Segment[]): string {
  return segments.map((s) => ('param' in s ? `{${s.param}}` : s.literal)).join('');
}

/** Puts values into a pattern: the body of the channel name that they make. */
export function fillPattern(pattern: Pattern, values: Readonly<Record<string, string>>): string {
  return pattern.segments
    .map((s) => {
      if ('literal' in s) return s.literal;
      const value = values[s.param];
      if (value === undefined) throw new Error(`No value for ${s.param} of ${pattern.text}`);
      return value;
    })
    .join('');
}
