import { Secret } from '../runtime/secret.ts';

/** A parsed value, or a problem whose text never has the value. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** The single declaration of a setting: its type, its documentation and its validation. */
export interface Setting<T> {
  readonly doc: string;
  readonly parse: (text: string) => Parsed<T>;
  /** The default, as in the environment. */
  readonly fallback?: string;
  /** The default outside production, if production has none. */
  readonly development?: string;
  /** Whether the value is a secret, which `NAME_FILE` may have in a file. */
  readonly secret?: boolean;
  /** Whether `NAME_FILE` may name a file with the value although it is no secret. */
  readonly file?: boolean;
  /** A value for `.env.example`, if there is no default. */
  readonly example?: string;
}

const ok = <T>(value: T): Parsed<T> => ({ value });
const bad = (problem: string) => ({ problem });

type Extras = Omit<Setting<never>, 'parse' | 'doc'>;

export const text = (doc: string, extras: Extras = {}): Setting<string> => ({
  doc,
  parse: ok,
  ...extras,
});

export const secret = (doc: string, extras: Extras = {}): Setting<Secret> => ({
  doc,
  parse: (value) => ok(new Secret(value)),
  secret: true,
  ...extras,
});

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

export const integer = (
  doc: string,
  [min, max]: readonly [number, number],
  extras: Extras = {},
): Setting<number> => ({
  doc,
  parse: (value) => {
    const number = /^[0-9]{1,10}$/.test(value) ? Number(value) : NaN;
    return number >= min && number <= max
      ? ok(number)
      : bad(`must be a whole number from ${min} to ${max}`);
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

/** Examples of addresses by scheme, for `.env.example`. */
const exampleUrls: Readonly<Record<string, string>> = {
  postgres: 'postgresql://user:password@db.example:5432/database',
  redis: 'redis://:password@redis.example:6379/0',
  ws: 'ws://chat.internal:8080',
  https: 'https://www.example/path',
  http: 'http://collector:4318',
};

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

export const list = <T>(item: Setting<T>): Setting<readonly T[]> => ({
  doc: `${item.doc}, separated by commas`,
  ...(item.fallback !== undefined && { fallback: item.fallback }),
  ...(item.development !== undefined && { development: item.development }),
  ...(item.secret !== undefined && { secret: item.secret }),
  ...(item.example !== undefined && { example: item.example }),
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
