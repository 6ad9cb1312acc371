/** The values of a `{parameter}` of a pattern. */
export interface Param {
  /** For each ASCII code, 1 if the value may contain that character. */
  readonly alphabet: Uint8Array;
  readonly maxLength: number;
  /** The format of a whole value, in addition to its characters. */
  readonly format?: RegExp;
}

/** A parameter in a policy: a named type, or its characters, such as `0-9a-f`, and maximum length. */
export type ParamType =
  'id' | 'int' | 'uuid' | 'slug' | { readonly characters: string; readonly max: number };

/** The characters of ids: numbers, UUIDs, slugs, codes. Without a dot, which separates the parts of tenant channels. */
export const idCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/**
 * The parameters of a channel about which the application decides, unless the policy declares them: every character of a channel
 * name but the dot, as in Laravel.
 */
export const undeclaredParam = { characters: '-_=@,;A-Za-z0-9', max: 164 } as const;

/** Throws when the policy is loaded if a character cannot occur in a channel name. */
export function defineParam(characters: string, maxLength: number, format?: RegExp): Param {
  if (!/^[A-Za-z0-9_\-=@,.;]+$/.test(characters) || maxLength < 1) {
    throw new Error(
      `Parameter with characters that are not allowed in channel names: ${characters}`,
    );
  }
  return { alphabet: alphabetOf(characters), maxLength, ...(format && { format }) };
}

/** Equal sets of characters share one alphabet, because the automaton shares the states of parameters with equal alphabets. */
const alphabets = new Map<string, Uint8Array>();

function alphabetOf(characters: string): Uint8Array {
  const key = [...new Set(characters)].sort().join('');
  const known = alphabets.get(key);
  if (known !== undefined) return known;
  const alphabet = new Uint8Array(128);
  for (const character of key) alphabet[character.charCodeAt(0)] = 1;
  alphabets.set(key, alphabet);
  return alphabet;
}

const named = {
  id: defineParam(idCharacters, 64),
  /** As Django's `SlugField` allows, and Laravel's `Str::slug` creates. */
  slug: defineParam(idCharacters, 80),
  /** A decimal number of at most 19 digits without leading zeros, so that a number has one channel name. */
  int: defineParam('0123456789', 19, /^(?:0|[1-9][0-9]*)$/),
  /** In lower case, so that a UUID has one channel name. */
  uuid: defineParam(
    '0123456789abcdef-',
    36,
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  ),
} as const;

/** Throws an `Error` if the characters are invalid. */
export function paramOf(type: ParamType): Param {
  if (typeof type === 'string') return named[type];
  return defineParam(expandRanges(type.characters), type.max);
}

const range = /(.)-(.)/g;

const alphabetsOfRanges = [
  '0123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
];

/** Whether each range in a set such as `0-9a-f` is one of digits or of letters, in their order. */
export function hasPlainRanges(characters: string): boolean {
  return [...characters.matchAll(range)].every(([, from = '', to = '']) =>
    alphabetsOfRanges.some((each) => each.includes(from) && each.indexOf(from) <= each.indexOf(to)),
  );
}

/** `0-9a-f` as all its characters in order. A hyphen at the beginning or the end is a character. */
function expandRanges(characters: string): string {
  const expanded = characters.replace(range, (_range, from: string, to: string) => {
    const [first, last] = [from.charCodeAt(0), to.charCodeAt(0)];
    if (last < first)
      throw new Error(`Parameter with a reversed range of characters: ${from}-${to}`);
    return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
  });
  return [...new Set(expanded)].sort().join('');
}

/** True when `text` is a value of this parameter. */
export function isValueOf(param: Param, text: string): boolean {
  if (text.length < 1 || text.length > param.maxLength) return false;
  for (let i = 0; i < text.length; i += 1) {
    if (param.alphabet[text.charCodeAt(i)] !== 1) return false;
  }
  return param.format === undefined || param.format.test(text);
}

/** A parameter of the path that must equal a parameter of the channel. */
export interface RoutePin {
  readonly pathParam: string;
  readonly channelParam: string;
}

/** The value of a pin in one request. */
export interface PinnedParam {
  /** The parameter of the path. */
  readonly name: string;
  readonly value: string;
  readonly channelParam: string;
}

/** The pins of a route with the parameters of a path. */
export function pinParams(
  { pins }: { readonly pins: readonly RoutePin[] },
  pathParams: Readonly<Record<string, string>>,
): readonly PinnedParam[] {
  return pins.map(({ pathParam: name, channelParam }) => {
    return { name, value: pathParams[name] ?? '', channelParam };
  });
}

/** The refusal code if the parameter of the path is not that of the channel. */
export function pinCode(pathParam: string): string {
  return `${pathParam}-mismatch`;
}
