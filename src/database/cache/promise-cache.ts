/** Remembers answers by their question, each asked for once however many ask at the same time. */
export interface PromiseCache<Result> {
  /** The answer that is here, or on its way; else what `ask` resolves to. What it throws is not remembered. */
  readonly getOrLoad: (key: string, load: () => Promise<Result>) => Promise<Result>;
  readonly clear: () => void;
}

/** Tells whether an answer was known. */
export type OnCacheLookup = (isHit: boolean) => void;

/** Creates a shelf for up to twice so many answers: when the younger half is full it becomes the older one, which goes. */
export function createPromiseCache<Result>(
  maxPerGeneration: number,
  onLookup: OnCacheLookup,
): PromiseCache<Result> {
  let younger = new Map<string, Promise<Result>>();
  let older: typeof younger = new Map();
  /** One promise for all that there is nothing of: that nobody was revoked is half of what is remembered. */
  let undefinedResult: Promise<Result> | undefined;

  const put = (key: string, value: Promise<Result>): Promise<Result> => {
    if (younger.size >= maxPerGeneration) {
      older = younger;
      younger = new Map();
    }
    younger.set(key, value);
    return value;
  };
  const replace = (key: string, value: Promise<Result>, by?: Promise<Result>): void => {
    for (const generation of [younger, older]) {
      if (generation.get(key) !== value) continue;
      if (by === undefined) generation.delete(key);
      else generation.set(key, by);
    }
  };
  return {
    getOrLoad: (key, load) => {
      const cached = younger.get(key) ?? older.get(key);
      onLookup(cached !== undefined);
      if (cached !== undefined) return younger.has(key) ? cached : put(key, cached);
      const value = put(key, load());
      value.then(
        (found) => {
          if (found === undefined) replace(key, value, (undefinedResult ??= value));
        },
        () => {
          replace(key, value);
        },
      );
      return value;
    },
    clear: () => {
      younger = new Map();
      older = new Map();
    },
  };
}
