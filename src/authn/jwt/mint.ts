import { SignJWT } from 'jose';
import { isJsonObject } from '../../runtime/json.ts';
import type { IssuerClaims } from '../token-issuers.ts';
import type { Attributes } from '../../policy/principal.ts';
import { hmacKey, type HmacSecret } from './token-key.ts';

/** The parameters of signing a token. The lifetime starts at `now`. */
export interface TokenSigning extends HmacSecret {
  readonly issuer?: string;
  readonly audience?: string;
  readonly lifetimeMs: number;
  readonly now: () => number;
}

/** The principal of a minted token. `tokenId` becomes `jti`. */
interface MintedPrincipal {
  /** Not for an issuer whose ids are made of attributes. */
  readonly id?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly attributes?: Attributes | undefined;
  readonly tokenId?: string | undefined;
}

/**
 * Signs a token of an issuer of the policy for tests by hand, with the claims that it reads. Rejects with an `Error` if the secret
 * is too weak.
 */
export function mintToken(
  { id, tenantId, roles, name, attributes = {}, tokenId }: MintedPrincipal,
  { claims, attributes: declared }: IssuerClaims,
  signing: TokenSigning,
): Promise<string> {
  const values: readonly (readonly [readonly string[] | undefined, unknown])[] = [
    [claims.id, id],
    [claims.tenant, tenantId],
    [claims.roles[0], roles],
    [claims.name, name],
    ...declared.map((each) => [each.claim, attributes[each.name]] as const),
  ];
  const payload = values.reduce<Payload>((written, [claim, value]) => {
    return claim === undefined || value === undefined ? written : withClaim(written, claim, value);
  }, {});
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

async function mint(claims: Record<string, unknown>, signing: TokenSigning): Promise<string> {
  const { algorithm, key } = hmacKey(signing);
  const iat = Math.floor(signing.now() / 1000);
  // Add the lifetime to `iat` and not to the clock. Otherwise rounding could exceed the maximum lifetime.
  const exp = iat + Math.floor(signing.lifetimeMs / 1000);
  // JSON omits undefined members.
  const payload = { ...claims, iss: signing.issuer, aud: signing.audience, iat, exp };
  return new SignJWT(JSON.parse(JSON.stringify(payload)) as Record<string, unknown>)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
    .sign(key);
}
