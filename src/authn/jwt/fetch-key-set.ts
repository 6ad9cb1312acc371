import { fetchBounded } from '../../runtime/network/bounded-fetch.ts';
import { jwkKey, type TokenKey } from './token-key.ts';
import { fetchUrlProblem, keySetUrlProblem } from '../../runtime/network/fetch-url.ts';
import { isJsonObject, parseJson } from '../../runtime/json.ts';

const maxBodyBytes = 256 * 1024;
const maxKeys = 64;

/** The parameters of fetching a JWK Set. The timeout covers connection, headers and body together. */
export interface KeySetRequest {
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly timeoutMs: number;
  /** The algorithm of keys that name none. By default that of their type. */
  readonly algorithm?: string | undefined;
}

/**
 * Fetches a JWK Set (RFC 7517 §5) and returns the keys that can verify tokens. Rejects with any error on a failure. The
 * caller decides how to handle an outage.
 */
export async function fetchKeySet({
  url,
  fetch,
  timeoutMs,
  algorithm,
}: KeySetRequest): Promise<readonly TokenKey[]> {
  const { status, text } = await fetchBounded({
    url,
    fetch,
    signal: AbortSignal.timeout(timeoutMs),
    headers: { accept: 'application/jwk-set+json, application/json' },
    maxBodyBytes,
  });
  if (status !== 200) throw new Error(`the response of the JWKS address has status ${status}`);
  return parseKeySet(text, algorithm);
}

function parseKeySet(text: string, algorithm: string | undefined): readonly TokenKey[] {
  const set = parseJson(text);
  if (set === undefined) throw new Error('its response is not JSON');
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('JWKS is not an object with a list of keys');
  if (keys.length > maxKeys) throw new Error(`JWKS has more than ${maxKeys} keys`);
  // RFC 7517 §5: unusable keys are skipped and do not invalidate the set.
  return onlyOnce(keys.map((each) => jwkKey(each, algorithm)).filter((key) => key !== undefined));
}

/** A set may name a key twice, with and without its certificate. It is then still the only key with that id. */
function onlyOnce(keys: readonly TokenKey[]): readonly TokenKey[] {
  return keys.filter((key, i) => keys.findIndex((other) => isSame(key, other)) === i);
}

const isSame = (one: TokenKey, other: TokenKey): boolean =>
  one.kid === other.kid && one.algorithm === other.algorithm && one.key.equals(other.key);

interface DiscoveryRequest extends Omit<KeySetRequest, 'url'> {
  /** The exact `iss` of the tokens, which is an address. */
  readonly issuer: string;
}

/**
 * Fetches the key set whose address the issuer publishes (OpenID Connect Discovery 1.0, §4). Rejects if the issuer does not respond,
 * redirects, or names another issuer.
 */
export async function discoverKeySet(request: DiscoveryRequest): Promise<readonly TokenKey[]> {
  const { status, text } = await fetchBounded({
    ...request,
    url: discoveryUrl(request.issuer),
    signal: AbortSignal.timeout(request.timeoutMs),
    headers: { accept: 'application/json' },
    maxBodyBytes,
  });
  if (status !== 200) throw new Error(`the response of discovery has status ${status}`);
  return fetchKeySet({ ...request, url: keySetUrl(parseJson(text), request.issuer) });
}

/** A slash at the end of the issuer is not doubled (§4.1). */
function discoveryUrl(issuer: string): URL {
  return new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
}

function keySetUrl(document: unknown, issuer: string): URL {
  if (!isJsonObject(document)) throw new Error('the response of discovery is not a JSON object');
  const { issuer: named, jwks_uri: address } = document;
  // §4.3: otherwise one issuer could publish keys for another one.
  if (named !== issuer) throw new Error('discovery names another issuer');
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) throw new Error('discovery names no address of a key set (jwks_uri)');
  const problem = keySetUrlProblem(url) ?? fetchUrlProblem(url);
  if (problem !== undefined) throw new Error(`the jwks_uri of discovery ${problem}`);
  return url;
}
