import { Secret } from '../runtime/secret.ts';

/**
 * For this time after a secret has changed, the previous one is still accepted: the default of `USER_TOKEN_MAX_AGE`, so
 * that a token which was signed with it just before is valid to its end.
 */
export const secretOverlapMs = 60 * 60 * 1000;

/** The maximum number of previous secrets that are accepted at the same time. */
const maxPrevious = 4;

/** Objects that are built from secrets: first that of the current secrets, then those of previous ones that are still accepted. */
export interface CurrentAndPrevious<T> {
  readonly all: readonly [T, ...T[]];
}

/** How something is built from a part of the configuration. `dispose` is called when it is no longer used. */
export interface PartBuilder<Config, Part, T> {
  readonly part: (config: Config) => Part;
  readonly build: (part: Part) => T;
  readonly dispose?: (built: T) => Promise<void>;
}

/** `prepare` builds for another configuration, and returns a function that puts the result into use. */
export interface SecretRotation<Config> {
  readonly prepare: (config: Config) => (() => void) | undefined;
  /** Disposes of what was built from secrets that are no longer accepted. */
  readonly expire: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createSecretRotation<Config, Part, T>(
  first: Config,
  { part: partOf, build, dispose = () => Promise.resolve() }: PartBuilder<Config, Part, T>,
  now: () => number,
): { readonly versions: CurrentAndPrevious<T>; readonly rotation: SecretRotation<Config> } {
  let part = partOf(first);
  const versions: { all: readonly [T, ...T[]] } = { all: [build(part)] };
  /** The time at which each of them ends, except the first. */
  let ends: readonly number[] = [];
  const keep = async (count: number): Promise<void> => {
    const ended = versions.all.slice(count + 1);
    versions.all = [versions.all[0], ...versions.all.slice(1, count + 1)];
    ends = ends.slice(0, count);
    await Promise.all(ended.map(dispose));
  };
  return {
    versions,
    rotation: {
      prepare: (config) => {
        const next = partOf(config);
        if (isSameValue(part, next)) return undefined;
        const built = build(next);
        return () => {
          part = next;
          versions.all = [built, ...versions.all];
          ends = [now() + secretOverlapMs, ...ends];
        };
      },
      expire: () => keep(Math.min(maxPrevious, ends.filter((end) => end > now()).length)),
      close: async () => {
        await Promise.all(versions.all.map(dispose));
      },
    },
  };
}

/** True if two settings, or objects, lists and maps of them, have the same values. Secrets are compared by their texts. */
function isSameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (left instanceof Secret && right instanceof Secret) return left.reveal() === right.reveal();
  if (left instanceof URL && right instanceof URL) return left.href === right.href;
  if (left instanceof Map && right instanceof Map) return isSameValue([...left], [...right]);
  if (!isPlain(left) || !isPlain(right) || Array.isArray(left) !== Array.isArray(right))
    return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSameValue(left[name], right[name]))
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) return true;
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
