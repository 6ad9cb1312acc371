import { fetchUrlProblem, keySetUrlProblem } from '../../runtime/network/fetch-url.ts';
import { isJsonObject, parseJson } from '../../runtime/json.ts';
import { fetchBounded } from '../../runtime/network/bounded-fetch.ts';
import { fetchKeySet, type KeySetRequest } from './fetch-key-set.ts';
import type { TokenKey } from './token-key.ts';

const maxBodyBytes = 256 * 1024;

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
