/**
 * Returns true if PostgreSQL can store this text. It refuses NUL, and it would convert a lone surrogate to another
 * text. A lookup of such a text must return "not found": an error would fail the other requests of its batch.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text);
}

/** Throws a `RangeError` if one of these texts cannot be stored. The error names the field, never its value. */
export function assertStorable(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' && !isStorable(value)) {
      throw new RangeError(`${name} has a character that the database cannot store`);
    }
  }
}
