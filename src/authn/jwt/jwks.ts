import { keySetUrlProblem } from '../../runtime/network/fetch-url.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { publicKeyAlgorithms } from './token-key.ts';
import type { TokenKey } from './token-key.ts';
import type { KeyHint, KeySurroundings, TokenKeys } from './token-keys.ts';

const maxAge = 10 * 60_000;
const coolDown = 30_000;
/** After a fetch that failed. Short: until the next one nobody gets in whose key is not known. */
const retryAfter = 2_000;
const usualTimeout = 5_000;

/** A JWKS address; `timeout` in milliseconds for one fetch (5 s). */
export interface JwksSettings extends KeySurroundings {
  readonly url: URL;
  readonly timeout?: number;
}

/**
 * The keys published at a JWKS address, kept for ten minutes. An unknown key id fetches them again, at most once
 * in 30 seconds, or in 2 while the address does not answer. Throws an `Error` for an address that `keySetUrlProblem` does not take.
 */
export function createJwks(settings: JwksSettings): TokenKeys {
  const { url, now, fetch, timeout = usualTimeout, onFetched } = settings;
  const problem = keySetUrlProblem(url);
  if (problem !== undefined) throw new Error(`The JWKS address ${problem}`);
  let keys: readonly TokenKey[] = [];
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failure: Unavailable | undefined;
  let underWay: Promise<void> | undefined;

  // A clock that was set back counts as "long ago", so that it cannot freeze the keys.
  const within = (since: number, span: number) => now() >= since && now() - since < span;

  async function load(): Promise<void> {
    triedAt = now();
    try {
      keys = await fetchKeySet({ url, fetch, timeout });
      fetchedAt = triedAt;
      failure = undefined;
    } catch (cause) {
      failure = new Unavailable('token keys', { cause });
      throw failure;
    } finally {
      underWay = undefined;
      onFetched?.(failure === undefined);
    }
  }

  /** One fetch at a time and one in a cool-down, failed ones too: else bad tokens would make us flood the issuer. */
  async function refresh(): Promise<void> {
    if (underWay === undefined) {
      if (failure !== undefined && within(triedAt, retryAfter)) throw failure;
      if (failure === undefined && within(triedAt, coolDown)) return;
    }
    underWay ??= load();
    await underWay;
  }

  return {
    find: async (hint) => {
      // No key here can ever fit `none` or HS256, so such a token must not cause a fetch either.
      if (!publicKeyAlgorithms.has(hint.alg)) return undefined;
      if (!within(fetchedAt, maxAge)) await refresh();
      if (!keys.some((key) => fits(key, hint))) await refresh();
      const [key, ...others] = keys.filter((one) => fits(one, hint));
      // Several keys that fit: trying each would let a token choose how much work it causes.
      return others.length === 0 ? key : undefined;
    },
  };
}

function fits(key: TokenKey, { alg, kid }: KeyHint): boolean {
  return key.algorithm === alg && (kid === undefined || key.kid === kid);
}
