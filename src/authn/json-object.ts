import { isJsonObject } from '../runtime/json.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Members {
  /** Returns the value of the member with this name, or `undefined` if it is missing. */
  readonly get: (name: string) => unknown;
  readonly has: (name: string) => boolean;
  readonly names: () => readonly string[];
}

/**
 * Parses a JSON object from UTF-8 bytes (RFC 7515 §3). Returns `undefined` for anything else. The last of repeated
 * names counts, which RFC 7519 §4 allows and jose does as well.
 */
export function parseJsonMembers(bytes: Uint8Array): Members | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isJsonObject(value) ? new OwnMembers(value) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads own members only, so that `__proto__` and `constructor` are ordinary names. A Map would need four times the
 * memory.
 */
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

  names(): readonly string[] {
    return Object.keys(this.#value);
  }
}
