import { channelForms, formOf, maxNameLength, type ChannelForm } from './pusher-names.ts';

/** The names between braces in a pattern's text, so that the compiler checks the parameters of a definition. */
export type ParamNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;

/** The values of a pattern's parameters in one channel name. */
export type ParamValues<Text extends string> = { readonly [Name in ParamNames<Text>]: string };

export type Segment = { readonly literal: string } | { readonly param: string };

/** A parsed pattern: its text, the form of its prefix, and the segments after the prefix. */
export interface Pattern {
  readonly text: string;
  readonly form: ChannelForm;
  readonly segments: readonly Segment[];
}

/** Parses a pattern such as `private-delivery-{order}`. Throws when the policy is loaded if it is invalid; the error names it. */
export function parsePattern(text: string): Pattern {
  const invalid = (why: string) => new Error(`Channel pattern ${text}: ${why}`);
  const form = formOf(text);
  if (form === undefined)
    throw invalid(`must begin with ${channelForms.map((each) => `${each}-`).join(', ')}`);
  const prefix = `${form}-`;
  const body = text.slice(prefix.length);
  // Split at the braces, literals have even indexes and parameter names odd ones.
  const segments = body
    .split(/[{}]/)
    .map((piece, i): Segment => (i % 2 === 0 ? { literal: piece } : { param: piece }));
  const names = segments.flatMap((s) => ('param' in s ? [s.param] : []));
  const literals = segments.flatMap((s) => ('literal' in s ? [s.literal] : []));
  if (text !== prefix + formatSegments(segments)) throw invalid('unbalanced braces');
  if (names.some((name) => !/^[a-z_][A-Za-z0-9_]*$/.test(name)))
    throw invalid('invalid parameter name');
  if (new Set(names).size !== names.length) throw invalid('duplicate parameter');
  if (literals.some((part) => !/^[A-Za-z0-9_\-=@,.;]*$/.test(part)))
    throw invalid('invalid character');
  // The boundary between them would be ambiguous.
  if (literals.slice(1, -1).includes('')) throw invalid('adjacent parameters');
  const nonEmpty = segments.filter((s) => 'param' in s || s.literal !== '');
  if (nonEmpty.length === 0) throw invalid('is empty');
  const shortest = text.replaceAll(/\{\w+\}/g, 'x').length;
  if (shortest > maxNameLength)
    throw invalid(
      `its shortest name has ${shortest} characters; a name has at most ${maxNameLength}`,
    );
  return { text, form, segments: nonEmpty };
}

function formatSegments(segments: readonly Segment[]): string {
  return segments.map((s) => ('param' in s ? `{${s.param}}` : s.literal)).join('');
}

/** Returns the body of the channel name with these values. */
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
