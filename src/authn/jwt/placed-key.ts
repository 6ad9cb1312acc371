import { readFile } from 'node:fs/promises';
import type { KeyPlace, KeysPolicy } from '../../policy/policy.ts';
import { Secret } from '../../runtime/secret.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import {
  hmacKey,
  hmacProblem,
  isHmacAlgorithm,
  readPem,
  type TokenKey,
  type TokenKeys,
} from './token-key.ts';

/** A secret or a public key, by the place where it is. */
export type PlacedKey = Extract<KeysPolicy, { readonly place: KeyPlace }>;

/** Reads an environment variable. */
type Variable = (name: string) => string | undefined;

export interface PlaceDeps {
  readonly variable: Variable;
  readonly now: () => number;
  /** Called after each reading. */
  readonly onRead: (isRead: boolean) => void;
}

/** How long a file is not read again. */
const fileAgeMs = 10_000;

/**
 * Creates the source of a key in a variable or in a file. A changed file is read at most ten seconds later. While it cannot be read
 * or has no usable key, the last one stays; without one, it is an outage.
 */
export function createPlacedKeys(placed: PlacedKey, deps: PlaceDeps): TokenKeys {
  const { place } = placed;
  let last: { readonly text: string; readonly key: TokenKey } | undefined;
  let readAt = -Infinity;
  let pending: Promise<void> | undefined;

  const isFresh = () => {
    const age = deps.now() - readAt;
    return last !== undefined && ('env' in place || (age >= 0 && age < fileAgeMs));
  };
  const read = async (): Promise<void> => {
    const text = await readText(place, deps.variable);
    // The same key stays the same object, so that tokens which it verified need not be verified again.
    const isSame = text !== undefined && text === last?.text;
    const result = isSame ? undefined : parseKey(placed, text);
    const problem = result !== undefined && 'problem' in result ? result.problem : undefined;
    deps.onRead(problem === undefined);
    if (result !== undefined && !('problem' in result)) last = { text: text ?? '', key: result };
    if (problem !== undefined && last === undefined) {
      throw new Unavailable('token keys', { cause: new Error(problem) });
    }
    readAt = deps.now();
  };
  return {
    // The key decides the algorithm, never the token: a public key must not become a secret.
    find: async ({ alg }) => {
      if (!isFresh()) {
        pending ??= read().finally(() => (pending = undefined));
        await pending;
      }
      return last !== undefined && alg === last.key.algorithm ? [last.key] : [];
    },
  };
}

/** The reason for which the key cannot be used, without its value; `undefined` if it can. */
export async function placedKeyProblem(
  placed: PlacedKey,
  variable: Variable,
): Promise<string | undefined> {
  const result = parseKey(placed, await readText(placed.place, variable));
  return 'problem' in result ? result.problem : undefined;
}

async function readText(place: KeyPlace, variable: Variable): Promise<string | undefined> {
  if ('env' in place) return variable(place.env);
  try {
    return await readFile(place.file, 'utf8');
  } catch {
    return undefined;
  }
}

function parseKey(
  { from, place, algorithm }: PlacedKey,
  text: string | undefined,
): TokenKey | { readonly problem: string } {
  const name = 'env' in place ? `the variable ${place.env}` : `the file ${place.file}`;
  if (text === undefined || text.trim() === '') {
    return { problem: `${name} ${'env' in place ? 'is not set' : 'cannot be read, or is empty'}` };
  }
  const key = from === 'secret' ? secretKey(text, algorithm) : publicKey(text, algorithm);
  return 'problem' in key ? { problem: `${name} ${key.problem}` } : key;
}

function secretKey(text: string, algorithm = 'HS256'): TokenKey | { readonly problem: string } {
  // Editors end a file with a line break, which is no part of the secret.
  const secret = new Secret(text.replace(/\r?\n$/, ''));
  if (!isHmacAlgorithm(algorithm)) return { problem: `cannot be used with ${algorithm}` };
  const weakness = hmacProblem(secret, algorithm);
  return weakness === undefined ? hmacKey(secret, algorithm) : { problem: weakness };
}

/** Environment files have a PEM on one line, with \n for line breaks. */
function publicKey(text: string, algorithm: string | undefined) {
  return readPem(text.replaceAll('\\n', '\n'), algorithm);
}
