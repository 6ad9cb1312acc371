import { keySetUrlProblem } from '../../runtime/network/fetch-url.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { fetchKeySet, type KeySetRequest, discoverKeySet } from './fetch-key-set.ts';
import { publicKeyAlgorithms } from './token-key.ts';
import type { KeyDeps, KeyHint, TokenKey, TokenKeys } from './token-key.ts';

const maxAgeMs = 10 * 60_000;
const coolDownMs = 30_000;
/**
 * The delay after a failed fetch, in milliseconds. It is short, because until the next fetch no token with an unknown
 * key can be verified.
 */
const retryAfterMs = 2_000;
const defaultTimeoutMs = 5_000;

/** The number of keys with which a token without a key id is tried. */
const maxTriedKeys = 4;

/** The settings of a key set. The timeout applies to one request (default 5 s). */
interface KeySetSettings extends KeyDeps {
  readonly timeoutMs?: number;
}

/**
 * Creates the key source of a JWKS address. Keys that name no algorithm have this one. Throws an `Error` for an address that
 * `keySetUrlProblem` refuses.
 */
export function createJwks({
  url,
  algorithm,
  ...settings
}: KeySetSettings & Pick<KeySetRequest, 'url' | 'algorithm'>): TokenKeys {
  const problem = keySetUrlProblem(url);
  if (problem !== undefined) throw new Error(`The JWKS address ${problem}`);
  return createKeySet((request) => fetchKeySet({ ...request, url, algorithm }), settings);
}

/** Creates the key source of an issuer that publishes the address of its key set. */
export function createDiscoveredKeys({
  issuer,
  ...settings
}: KeySetSettings & { readonly issuer: string }): TokenKeys {
  return createKeySet((request) => discoverKeySet({ ...request, issuer }), settings);
}

type FetchKeys = (
  request: Pick<KeySetRequest, 'fetch' | 'timeoutMs'>,
) => Promise<readonly TokenKey[]>;

/**
 * Creates the key source of a key set. Keys are cached for ten minutes. An unknown key id triggers a fetch, at most once in 30
 * seconds, or once in 2 seconds after a failed fetch.
 */
function createKeySet(fetchKeys: FetchKeys, settings: KeySetSettings): TokenKeys {
  const { now, fetch, timeoutMs = defaultTimeoutMs, name, onFetched } = settings;
  let keys: readonly TokenKey[] = [];
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failure: Unavailable | undefined;
  let pending: Promise<void> | undefined;

  // If the clock was set back, the time counts as outside the period. Otherwise old keys would stay valid for too long.
  const within = (since: number, periodMs: number) => now() >= since && now() - since < periodMs;

  async function load(): Promise<void> {
    triedAt = now();
    try {
      keys = await fetchKeys({ fetch, timeoutMs });
      fetchedAt = triedAt;
      failure = undefined;
    } catch (cause) {
      failure = new Unavailable('token keys', { cause: ofIssuer(name, cause) });
      throw failure;
    } finally {
      pending = undefined;
      onFetched?.(failure === undefined);
    }
  }

  /**
   * Runs one fetch at a time and one per cool-down period, including failed ones. Otherwise invalid tokens could cause
   * a flood of requests to the issuer.
   */
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
      // No key of a JWKS fits `none` or HS256, so a token with such an algorithm must not trigger a fetch.
      if (!publicKeyAlgorithms.has(hint.alg)) return [];
      if (!within(fetchedAt, maxAgeMs)) await refresh();
      if (!keys.some((key) => matchesHint(key, hint))) await refresh();
      const matching = keys.filter((one) => matchesHint(one, hint));
      // Two different keys with one id are an error of the issuer, and which one counts is unknown.
      if (hint.kid !== undefined) return matching.length === 1 ? matching : [];
      // Bounded, because a token must not choose how much CPU time it takes.
      return matching.slice(0, maxTriedKeys);
    },
  };
}

/** The name comes first, because a policy has several issuers. */
function ofIssuer(name: string | undefined, error: unknown): unknown {
  if (name === undefined || !(error instanceof Error)) return error;
  return new Error(`issuer ${name}: ${error.message}`, { cause: error.cause });
}

function matchesHint(key: TokenKey, { alg, kid }: KeyHint): boolean {
  return key.algorithm === alg && (kid === undefined || key.kid === kid);
}
