const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a JSON object from UTF-8 bytes (RFC 7515 §3); `undefined` when they hold anything else.
 * A map, so that members named `__proto__` or `constructor` are names like any other.
 * Of a repeated name the last one counts, which RFC 7519 §4 allows and jose does as well.
 */
export function parseJsonObject(bytes: Uint8Array): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return new Map(Object.entries(value));
  } catch {
    return undefined;
  }
}
