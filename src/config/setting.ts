import { Secret } from '../runtime/secret.ts';

/** A text from the environment, read; or what is wrong with it, in words that never repeat it. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** One setting: declared once, and from here come its type, its documentation and its checks. */
export interface Setting<T> {
  readonly doc: string;
  readonly parse: (text: string) => Parsed<T>;
  /** What holds when it is not set, in the environment's own form. */
  readonly fallback?: string;
  /** What holds outside production when it is not set; stands for a convenience that production lacks. */
  readonly development?: string;
  readonly secret?: boolean;
  /** What it may look like, for `.env.example`, where it has no default. */
  readonly example?: string;
}

const ok = <T>(value: T): Parsed<T> => ({ value });
const bad = (problem: string) => ({ problem });

type Extras = Omit<Setting<never>, 'parse' | 'doc'>;

/** Free text; an empty one counts as not set, as compose files write it. */
export const text = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: ok,
  ...extras,
});

/** A text that is never shown. */
export const secret = (doc: string, extras: Extras = {}): Setting<Secret> => ({
  doc,
  parse: (value) => ok(new Secret(value)),
  secret: true,
  ...extras,
});

/** One of a few words. */
export const oneOf = <const Word extends string>(
  doc: string,
  words: readonly Word[],
  extras: Extras = {},
): Setting<Word> => ({
  doc: `${doc} (${words.join(', ')})`,
  parse: (value) => {
    const word = words.find((candidate) => candidate === value);
    return word === undefined ? bad(`must be one of ${words.join(', ')}`) : ok(word);
  },
  ...extras,
});

/** A whole number between two bounds. */
export const integer = (
  doc: string,
  [least, most]: readonly [number, number],
  extras: Extras = {},
): Setting<number> => ({
  doc,
  parse: (value) => {
    const number = /^[0-9]{1,10}$/.test(value) ? Number(value) : NaN;
    return number >= least && number <= most
      ? ok(number)
      : bad(`must be a whole number from ${least} to ${most}`);
  },
  ...extras,
});

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time such as `90s`, `15m` or `1h`, in milliseconds. */
export const duration = (doc: string, extras: Extras = {}): Setting<number> => ({
  doc,
  parse: (value) => {
    const [, amount, unit] = /^([0-9]{1,7})(ms|s|m|h)$/.exec(value) ?? [];
    const milliseconds = Number(amount) * (units[unit ?? ''] ?? NaN);
    return milliseconds > 0 ? ok(milliseconds) : bad('must be a time such as 90s, 15m or 1h');
  },
  ...extras,
});

/** Addresses by their schemes, for `.env.example`. */
const exampleUrls: Readonly<Record<string, string>> = {
  postgres: 'postgresql://user:password@db.example:5432/database',
  redis: 'redis://:password@redis.example:6379/0',
  ws: 'ws://chat.internal:8080',
  https: 'https://www.example/path',
  http: 'http://collector:4318',
};

/** An address with one of the given schemes. */
export const url = (
  doc: string,
  schemes: readonly string[],
  extras: Extras = {},
): Setting<Secret> => ({
  doc,
  parse: (value) =>
    schemes.some((scheme) => value.startsWith(`${scheme}://`)) && URL.canParse(value)
      ? ok(new Secret(value))
      : bad(`must be an address that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`),
  ...(exampleUrls[schemes[0] ?? ''] !== undefined && { example: exampleUrls[schemes[0] ?? ''] }),
  ...extras,
});

/** Several values, separated by commas. */
export const list = <T>(item: Setting<T>): Setting<readonly T[]> => ({
  doc: `${item.doc}, separated by commas`,
  ...(item.fallback !== undefined && { fallback: item.fallback }),
  ...(item.development !== undefined && { development: item.development }),
  ...(item.secret !== undefined && { secret: item.secret }),
  parse: (value) => {
    const pieces = value.split(',').map((part) => part.trim());
    const items = pieces.filter((piece) => piece !== '').map((piece) => item.parse(piece));
    const problems = items.flatMap((parsed, i) =>
      'problem' in parsed ? [`item ${i + 1} ${parsed.problem}`] : [],
    );
    if (problems.length > 0) return bad(problems.join('; '));
    return ok(items.flatMap((parsed) => ('problem' in parsed ? [] : [parsed.value])));
  },
});
