import { SignJWT } from 'jose';
import { isJsonObject } from '../../runtime/json.ts';
import type { Secret } from '../../runtime/secret.ts';
import type { IssuerClaims } from '../issued-token.ts';
import type { Attributes } from '../../policy/principal.ts';
import { hmacKey, type HmacAlgorithm } from './token-key.ts';

/** The parameters of signing a token. The lifetime starts at `now`. */
export interface TokenSigning {
  readonly secret: Secret;
  /** HS256 by default. */
  readonly algorithm?: HmacAlgorithm;
  readonly issuer?: string;
  readonly audience?: string;
  readonly lifetimeMs: number;
  readonly now: () => number;
}

/** The user of a minted token. `tokenId` becomes `jti`. */
export interface MintedUser {
  readonly userId: string;
  readonly tenantId?: string;
  readonly roles?: readonly string[];
  readonly name?: string;
  readonly tokenId?: string;
}

/**
 * Signs a token (HS256) of an issuer of the policy for tests by hand. `tokenId` becomes `jti`. Rejects with an `Error` if the
 * secret is too weak.
 */
export function mintIssuedToken(
  { attributes, tokenId }: { readonly attributes: Attributes; readonly tokenId?: string },
  { claims }: IssuerClaims,
  signing: TokenSigning,
): Promise<string> {
  const payload = Object.entries(claims).reduce<Payload>(
    (written, [name, claim]) => withClaim(written, claim, attributes[name]),
    {},
  );
  return mint({ ...payload, jti: tokenId }, signing);
}

type Payload = Readonly<Record<string, unknown>>;

/** Writes a claim into the objects around it, which it may share with other claims. */
function withClaim(
  payload: Payload,
  [name = '', ...nested]: readonly string[],
  value: unknown,
): Payload {
  const around = payload[name];
  const inner =
    nested.length === 0 ? value : withClaim(isJsonObject(around) ? around : {}, nested, value);
  return { ...payload, [name]: inner };
}

/** Signs a user's bearer token (HS256) for tests by hand. Rejects with an `Error` if the secret is too weak. */
export function mintUserToken(user: MintedUser, signing: TokenSigning): Promise<string> {
  return mint(
    {
      sub: user.userId,
      tenant_id: user.tenantId,
      roles: user.roles,
      name: user.name,
      jti: user.tokenId,
    },
    signing,
  );
}

async function mint(claims: Record<string, unknown>, signing: TokenSigning): Promise<string> {
  const { algorithm, key } = hmacKey(signing.secret, signing.algorithm);
  const iat = Math.floor(signing.now() / 1000);
  // Add the lifetime to `iat` and not to the clock. Otherwise rounding could exceed the maximum lifetime.
  const exp = iat + Math.floor(signing.lifetimeMs / 1000);
  // JSON omits undefined members.
  const payload = { ...claims, iss: signing.issuer, aud: signing.audience, iat, exp };
  return new SignJWT(JSON.parse(JSON.stringify(payload)) as Record<string, unknown>)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .sign(key);
}
