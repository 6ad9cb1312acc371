/** The kind of value a `{parameter}` of a pattern stands for. */
export interface Param {
  /** For each ASCII code, 1 if the value may contain that character. */
  readonly alphabet: Uint8Array;
  readonly maxLength: number;
}

/** What ids of hosts consist of: numbers, UUIDs, slugs, codes. No dot, which separates the parts of a tenant's channel. */
export const idCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

/**
 * Declares a parameter: its characters (each listed) and its greatest length.
 * Throws when a character could not occur in a channel name, so that the mistake is seen at start.
 */
export function defineParam(characters: string, maxLength: number): Param {
  if (!/^[A-Za-z0-9_\-=@,.;]+$/.test(characters) || maxLength < 1) {
    throw new Error(`Parameter with characters that no channel name can have: ${characters}`);
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
