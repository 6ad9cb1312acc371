import type { Identification } from '../../../src/authn/credential.ts';
import { createTokenChoice } from '../../../src/authn/choose-issuer.ts';
import { createTokenReaders } from '../../../src/authn/issued-token.ts';
import type { TokenKeys } from '../../../src/authn/jwt/token-key.ts';
import {
  createIssuerVerifier,
  createJwtVerifier,
  type IssuerVerifier,
  type JwtDeps,
  type JwtIssuer,
} from '../../../src/authn/jwt/verify-jwt.ts';
import type { IssuerClaims, TokenIssuer } from '../../../src/authn/token-issuers.ts';

export type OnlyIssuer = Partial<Omit<JwtIssuer, 'keys' | 'audience'>> &
  JwtDeps & { readonly keys: TokenKeys; readonly audience?: string };

export type OnlyVerifier = IssuerVerifier;

/** A verifier of the tokens of one issuer. */
export function createOnlyVerifier(only: OnlyIssuer): OnlyVerifier {
  return createIssuerVerifier(jwtIssuer(only), only);
}

const jwtIssuer = ({ keys, issuer, audience, require = [], maxAgeMs }: OnlyIssuer): JwtIssuer => ({
  keys,
  issuer,
  require,
  maxAgeMs,
  audience: audience === undefined ? [] : [audience],
});

/** A reader of the tokens of one issuer, which is called `user_token`. */
export function createOnlyReader(
  only: OnlyIssuer,
  principal: IssuerClaims,
): (text: string) => Promise<Identification> {
  const named = { name: 'user_token', isSymmetric: true, isDefault: false, principal };
  const choice = createTokenChoice([{ ...jwtIssuer(only), ...named }]);
  const choices = { bearer: choice, guest: choice, ofKind: () => choice };
  return createTokenReaders(createJwtVerifier<TokenIssuer>(only), () => choices).bearer;
}
