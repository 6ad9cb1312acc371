/** The values of a `{parameter}` of a pattern. */
export interface Param {
  /** For each ASCII code, 1 if the value may contain that character. */
  readonly alphabet: Uint8Array;
  readonly maxLength: number;
}

/** The characters of ids: numbers, UUIDs, slugs, codes. Without a dot, which separates the parts of tenant channels. */
export const idCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/** Throws at start if a character cannot occur in a channel name. */
export function defineParam(characters: string, maxLength: number): Param {
  if (!/^[A-Za-z0-9_\-=@,.;]+$/.test(characters) || maxLength < 1) {
    throw new Error(
      `Parameter with characters that are not allowed in channel names: ${characters}`,
    );
  }
  const alphabet = new Uint8Array(128);
  for (const character of characters) alphabet[character.charCodeAt(0)] = 1;
  return { alphabet, maxLength };
}

/** True when `text` is a value of this parameter. */
export function isValueOf(param: Param, text: string): boolean {
  if (text.length < 1 || text.length > param.maxLength) return false;
  for (let i = 0; i < text.length; i += 1) {
    if (param.alphabet[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}
