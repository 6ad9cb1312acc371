import { isSameValue } from '../runtime/same-value.ts';

/**
 * For this time after a secret has changed, the previous one is still accepted: the default of `USER_TOKEN_MAX_AGE`, so
 * that a token which was signed with it just before is valid to its end.
 */
export const secretOverlapMs = 60 * 60 * 1000;

/** The maximum number of previous secrets that are accepted at the same time. */
const maxPrevious = 4;

/** What is built from secrets. `all` has the current one first, and then those of previous secrets that are still accepted. */
export interface Renewed<T> {
  readonly current: () => T;
  readonly all: () => readonly T[];
}

/** How something is built from a part of the configuration. `dispose` is called when it is no longer used. */
export interface Recipe<Config, Part, T> {
  readonly part: (config: Config) => Part;
  readonly build: (part: Part) => T;
  readonly dispose?: (built: T) => Promise<void>;
}

/** `prepare` builds for another configuration, and returns what puts the result into use. */
export interface Renewal<Config> {
  readonly prepare: (config: Config) => (() => void) | undefined;
  /** Disposes of what was built from secrets that are no longer accepted. */
  readonly expire: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function buildRenewed<Config, Part, T>(
  first: Config,
  { part: partOf, build, dispose = () => Promise.resolve() }: Recipe<Config, Part, T>,
  now: () => number,
): { readonly renewed: Renewed<T>; readonly renewal: Renewal<Config> } {
  let part = partOf(first);
  let all: readonly T[] = [build(part)];
  /** When each of them ends, but for the first. */
  let ends: readonly number[] = [];
  const keep = async (count: number): Promise<void> => {
    const ended = all.slice(count + 1);
    all = all.slice(0, count + 1);
    ends = ends.slice(0, count);
    await Promise.all(ended.map(dispose));
  };
  return {
    renewed: { current: () => all[0] as T, all: () => all },
    renewal: {
      prepare: (config) => {
        const next = partOf(config);
        if (isSameValue(part, next)) return undefined;
        const built = build(next);
        return () => {
          part = next;
          all = [built, ...all];
          ends = [now() + secretOverlapMs, ...ends];
        };
      },
      expire: () => keep(Math.min(maxPrevious, ends.filter((end) => end > now()).length)),
      close: async () => {
        await Promise.all(all.map(dispose));
      },
    },
  };
}
