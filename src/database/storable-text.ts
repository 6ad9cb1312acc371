/**
 * True when PostgreSQL can hold this text: it refuses NUL, and half a surrogate pair would become another text on the way.
 * Looking such a text up must answer "not found" rather than fail, least of all together with others in one batch.
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
