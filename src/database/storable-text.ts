/**
 * True if PostgreSQL can store this text: it refuses NUL, and a lone surrogate would be converted to another text. A lookup
 * of such a text must be "not found": an error would fail the other requests of its batch.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Cs}]/u.test(text);
}

/** Throws a `RangeError` that names the field, never its value, when one of these texts cannot be stored. */
export function assertStorable(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string' && !isStorable(value)) {
      throw new RangeError(`${name} has a character that the database cannot hold`);
    }
  }
}
