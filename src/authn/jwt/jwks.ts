import { keySetUrlProblem } from '../../runtime/network/fetch-url.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { fetchKeySet } from './fetch-key-set.ts';
import { publicKeyAlgorithms } from './token-key.ts';
import type { KeyDeps, KeyHint, TokenKey, TokenKeys } from './token-key.ts';

const maxAgeMs = 10 * 60_000;
const coolDownMs = 30_000;
/** After a fetch that failed. Short: until the next one nobody gets in whose key is not known. */
const retryAfterMs = 2_000;
const defaultTimeoutMs = 5_000;

/** A JWKS address; `timeout` in milliseconds for one fetch (5 s). */
export interface JwksSettings extends KeyDeps {
  readonly url: URL;
  readonly timeoutMs?: number;
}

/**
 * The keys published at a JWKS address, kept for ten minutes. An unknown key id fetches them again, at most once
 * in 30 seconds, or in 2 while the address does not answer. Throws an `Error` for an address that `keySetUrlProblem` does not take.
 */
export function createJwks(settings: JwksSettings): TokenKeys {
  const { url, now, fetch, timeoutMs = defaultTimeoutMs, onFetched } = settings;
  const problem = keySetUrlProblem(url);
  if (problem !== undefined) throw new Error(`The JWKS address ${problem}`);
  let keys: readonly TokenKey[] = [];
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failure: Unavailable | undefined;
  let pending: Promise<void> | undefined;

  // A clock that was set back counts as "long ago", so that it cannot freeze the keys.
  const within = (since: number, periodMs: number) => now() >= since && now() - since < periodMs;

  async function load(): Promise<void> {
    triedAt = now();
    try {
      keys = await fetchKeySet({ url, fetch, timeoutMs });
      fetchedAt = triedAt;
      failure = undefined;
    } catch (cause) {
      failure = new Unavailable('token keys', { cause });
      throw failure;
    } finally {
      pending = undefined;
      onFetched?.(failure === undefined);
    }
  }

  /** One fetch at a time and one in a cool-down, failed ones too: else bad tokens would make us flood the issuer. */
  async function refresh(): Promise<void> {
    if (pending === undefined) {
      if (failure !== undefined && within(triedAt, retryAfterMs)) throw failure;
      if (failure === undefined && within(triedAt, coolDownMs)) return;
    }
    pending ??= load();
    await pending;
  }

  return {
    find: async (hint) => {
      // No key here can ever fit `none` or HS256, so such a token must not cause a fetch either.
      if (!publicKeyAlgorithms.has(hint.alg)) return undefined;
      if (!within(fetchedAt, maxAgeMs)) await refresh();
      if (!keys.some((key) => matchesHint(key, hint))) await refresh();
      const [key, ...others] = keys.filter((one) => matchesHint(one, hint));
      // Several keys that fit: trying each would let a token choose how much work it causes.
      return others.length === 0 ? key : undefined;
    },
  };
}

function matchesHint(key: TokenKey, { alg, kid }: KeyHint): boolean {
  return key.algorithm === alg && (kid === undefined || key.kid === kid);
}
