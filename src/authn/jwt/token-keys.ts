import type { Secret } from '../../runtime/secret.ts';
import { createJwks } from './jwks.ts';
import { hmacKey, pemKey } from './token-key.ts';
import type { HmacAlgorithm, KeyDeps, TokenKeys } from './token-key.ts';

/**
 * The key source of an issuer: a shared secret, one PEM public key (SPKI), or a JWKS address. Without `algorithm` a secret is
 * pinned to HS256, and a public key to the default of its type.
 */
export type TokenKeySettings =
  | { readonly secret: Secret; readonly algorithm?: HmacAlgorithm }
  | { readonly publicKey: string; readonly algorithm?: string }
  | { readonly jwksUrl: URL };

/** Creates the configured key source. Throws an `Error` without the value if the key is unusable. */
export function createTokenKeys(settings: TokenKeySettings, deps: KeyDeps): TokenKeys {
  if ('jwksUrl' in settings) return createJwks({ url: settings.jwksUrl, ...deps });
  const only =
    'secret' in settings
      ? hmacKey(settings.secret, settings.algorithm)
      : pemKey(settings.publicKey, settings.algorithm);
  const [found, none] = [Promise.resolve([only]), Promise.resolve([])];
  return {
    // The key decides the algorithm, never the token. Otherwise an attacker could use an RS256 public key as an HS256
    // secret.
    find: ({ alg }) => (alg === only.algorithm ? found : none),
  };
}
