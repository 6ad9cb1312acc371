import type { Secret } from '../../runtime/secret.ts';
import { createJwks } from './jwks.ts';
import { hmacKey, importHmacKey, pemKey } from './token-key.ts';
import type { KeyDeps, TokenKeys } from './token-key.ts';

/** Where the keys of an issuer come from: a shared secret, one PEM public key (SPKI), or a JWKS address. */
export type TokenKeySettings =
  { readonly secret: Secret } | { readonly publicKey: string } | { readonly jwksUrl: URL };

/** Makes the key source that the settings describe; throws an `Error` naming no value when the key is unusable. */
export function createTokenKeys(settings: TokenKeySettings, deps: KeyDeps): TokenKeys {
  if ('jwksUrl' in settings) return createJwks({ url: settings.jwksUrl, ...deps });
  const only =
    'secret' in settings ? importHmacKey(hmacKey(settings.secret)) : pemKey(settings.publicKey);
  return {
    find: async ({ alg }) => {
      const key = await only;
      // The key decides the algorithm, never the token: else an RS256 public key could be used as an HS256 secret.
      return alg === key.algorithm ? key : undefined;
    },
  };
}
