const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The members of a JSON object. */
export interface Members {
  /** The value of the member with this name, `undefined` without one. */
  readonly get: (name: string) => unknown;
  readonly has: (name: string) => boolean;
}

/**
 * Reads a JSON object from UTF-8 bytes (RFC 7515 §3); `undefined` when they hold anything else.
 * Of a repeated name the last one counts, which RFC 7519 §4 allows and jose does as well.
 */
export function parseJsonObject(bytes: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return new OwnMembers(value);
  } catch {
    return undefined;
  }
}

/** Own ones only, so that `__proto__` and `constructor` are names like any other. A Map would take four times the memory. */
class OwnMembers implements Members {
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(value: object) {
    this.#value = value as Readonly<Record<string, unknown>>;
  }

  get(name: string): unknown {
    return this.has(name) ? this.#value[name] : undefined;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#value, name);
  }
}
