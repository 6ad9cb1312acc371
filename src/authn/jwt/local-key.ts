import type { KeyPlace, KeysPolicy } from '../../policy/policy.ts';
import { readSecretFile } from '../../runtime/secret-file.ts';
import { Secret } from '../../runtime/secret.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { isHmacAlgorithm, readHmac, readPem, type TokenKey, type TokenKeys } from './token-key.ts';

/** A secret or a public key, by the place where it is. */
type LocalKey = Extract<KeysPolicy, { readonly place: KeyPlace }>;

/** Reads an environment variable. */
type Variable = (name: string) => string | undefined;

export interface LocalKeyDeps {
  readonly variable: Variable;
  readonly now: () => number;
  /** The time for which a replaced key still verifies tokens. */
  readonly overlapMs: number;
  /** Called after each reading. */
  readonly onRead: (isRead: boolean) => void;
}

/** How long a file is not read again. */
const fileAgeMs = 10_000;

/** How long a key that was never read is not read again: otherwise each token would read a file, which blocks all requests. */
const retryAfterMs = 2_000;

/** The maximum number of keys that verify at the same time: a token is tried with each. */
const maxKeys = 4;

interface KnownKey {
  readonly key: TokenKey;
  readonly endsAt: number;
}

/**
 * Creates the source of a key in a variable or in a file. A changed file is read at most ten seconds later, and the previous key
 * still verifies for `overlapMs`. While the file cannot be read or has no usable key, the last one stays; without one, it is an
 * outage, and the file is read every two seconds at most.
 */
export function createLocalKeys(localKey: LocalKey, deps: LocalKeyDeps): TokenKeys {
  const place = placeOf(localKey.place, deps.variable);
  let text: string | undefined;
  /** The current one first. */
  let known: readonly KnownKey[] = [];
  let readAt = -Infinity;
  /** Why no key has been read yet. */
  let failure: Unavailable | undefined;

  // If the clock was set back, the time counts as outside the period.
  const wasReadWithin = (periodMs: number) => {
    const age = deps.now() - readAt;
    return age >= 0 && age < periodMs;
  };
  const isFresh = () => known.length > 0 && ('env' in place || wasReadWithin(fileAgeMs));
  const read = (): void => {
    const found = readText(place, deps.variable);
    // The same key stays the same object, so that tokens which it verified need not be verified again.
    const isSame = found !== undefined && found === text;
    const result = isSame ? undefined : parseKey(localKey, place, found);
    const problem = result !== undefined && 'problem' in result ? result.problem : undefined;
    deps.onRead(problem === undefined);
    if (result !== undefined && !('problem' in result)) {
      const endsAt = deps.now() + deps.overlapMs;
      const previous = known.map((each) => ({ ...each, endsAt: Math.min(each.endsAt, endsAt) }));
      known = [{ key: result, endsAt: Infinity }, ...previous].slice(0, maxKeys);
      text = found;
    }
    readAt = deps.now();
    failure =
      problem !== undefined && known.length === 0
        ? new Unavailable('token keys', { cause: new Error(problem) })
        : undefined;
  };
  return {
    // The key decides the algorithm, never the token: a public key must not become a secret.
    find: ({ alg }) =>
      new Promise((resolve) => {
        const isDue = failure === undefined ? !isFresh() : !wasReadWithin(retryAfterMs);
        if (isDue) read();
        if (failure !== undefined) throw failure;
        const isUsable = ({ key, endsAt }: KnownKey) =>
          endsAt > deps.now() && alg === key.algorithm;
        resolve(known.filter(isUsable).map(({ key }) => key));
      }),
  };
}

/** `NAME_FILE` names the file of the variable `NAME`, as for settings. */
function placeOf(place: KeyPlace, variable: Variable): KeyPlace {
  if ('file' in place || (variable(place.env) ?? '') !== '') return place;
  const file = variable(`${place.env}_FILE`) ?? '';
  return file === '' ? place : { file };
}

/** The reason for which the key cannot be used, without its value; `undefined` if it can. */
export function localKeyProblem(localKey: LocalKey, variable: Variable): string | undefined {
  const place = placeOf(localKey.place, variable);
  if ('env' in localKey.place && isSetTwice(localKey.place.env, variable)) {
    return `${localKey.place.env} and ${localKey.place.env}_FILE must not both be set`;
  }
  const result = parseKey(localKey, place, readText(place, variable));
  return 'problem' in result ? result.problem : undefined;
}

const isSetTwice = (name: string, variable: Variable): boolean =>
  [name, `${name}_FILE`].every((each) => (variable(each) ?? '') !== '');

function readText(place: KeyPlace, variable: Variable): string | undefined {
  // A shell or an editor ends a text with a line break, which is no part of the secret.
  if ('env' in place) return variable(place.env)?.replace(/\r?\n$/, '');
  const read = readSecretFile(place.file);
  return 'text' in read ? read.text : undefined;
}

function parseKey(
  { from, place: declared, algorithm, encoding }: LocalKey,
  place: KeyPlace,
  text: string | undefined,
): TokenKey | { readonly problem: string } {
  const name = nameOf(declared, place);
  if (text === undefined || text.trim() === '') {
    return { problem: `${name} ${'env' in place ? 'is not set' : 'cannot be read, or is empty'}` };
  }
  const key = from === 'secret' ? secretKey(text, encoding, algorithm) : publicKey(text, algorithm);
  return 'problem' in key ? { problem: `${name} ${key.problem}` } : key;
}

/** Without the value of `NAME_FILE`: it may contain the secret itself by mistake. */
function nameOf(declared: KeyPlace, place: KeyPlace): string {
  if ('file' in declared) return `the file ${declared.file}`;
  return 'env' in place ? `the variable ${declared.env}` : `the file of ${declared.env}_FILE`;
}

function secretKey(
  text: string,
  encoding: LocalKey['encoding'],
  algorithm = 'HS256',
): TokenKey | { readonly problem: string } {
  if (!isHmacAlgorithm(algorithm)) return { problem: `cannot be used with ${algorithm}` };
  return readHmac({ secret: new Secret(text), algorithm, encoding });
}

/** Environment files have a PEM on one line, with \n for line breaks. */
function publicKey(text: string, algorithm: string | undefined) {
  return readPem(text.replaceAll('\\n', '\n'), algorithm);
}
