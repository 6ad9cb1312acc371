/** Parses JSON; `undefined` for any other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The message about a member that a body must not have. Its name may be any text. */
export const unknownMember = (name: string): string =>
  `body must NOT have additional properties: ${JSON.stringify(name.slice(0, 64))}`;

/** True for what a JSON object is parsed to: not for `null`, and not for an array. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a JSON object; `undefined` for any other text. */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text);
  return isJsonObject(value) ? value : undefined;
}
