import { idForm, readId, readTokenId, claimFault } from './claims.ts';
import {
  expired,
  identified,
  rejected,
  type Identification,
  type Identified,
  type RefusedCredential,
  type CredentialReader,
} from './credential.ts';
import type { Members } from './json-object.ts';
import type { IssuerVerifier, VerifiedJwt } from './jwt/verify-jwt.ts';

/** A row of Laravel Passport's `oauth_access_tokens`. `expiresAt` is in milliseconds since the epoch. */
interface AccessToken {
  readonly id: string;
  /** The key of the user; null for the token of a client without a user. */
  readonly userId: string | null;
  readonly isRevoked: boolean;
  readonly expiresAt: number | null;
}

/** Finds a row by its whole id, which is the `jti` of a token. Throws `Unavailable` if the database does not respond. */
export type FindAccessToken = (id: string) => Promise<AccessToken | undefined>;

/** The database of Laravel Passport. */
export interface PassportTokens {
  readonly find: FindAccessToken;
  readonly now: () => number;
  /** The tenant of all users of the application, if there is one. Passport's tokens contain no tenant. */
  readonly tenantId?: string | undefined;
}

/** Checks the row of a token whose issuer is Passport. The user of the row is `sub`, whatever claim the policy reads as the id. */
export async function checkAccessToken(
  { principal, notes = [] }: Identified,
  claims: Members,
  passport: PassportTokens,
): Promise<Identification> {
  const { tokenId, tenantId = passport.tenantId } = principal;
  const fault = await findAccessTokenFault({ id: readId(claims.get('sub')), tokenId }, passport);
  return fault ?? identified({ ...principal, tenantId }, notes);
}

/**
 * Checks that Passport still accepts the token of this user, whose signature has been verified. Passport's tokens live
 * for a year, so a logout only marks the row. Returns the reason of a refusal.
 */
export async function findAccessTokenFault(
  { id, tokenId }: { readonly id: string | undefined; readonly tokenId: string | undefined },
  { find, now }: PassportTokens,
): Promise<RefusedCredential | undefined> {
  if (tokenId === undefined) return rejected(`claim jti is ${idForm}`);
  const row = await find(tokenId);
  if (row === undefined) return rejected('token has a row in oauth_access_tokens');
  if (row.isRevoked) return rejected('row of the token in oauth_access_tokens is not revoked');
  if (row.userId !== id) {
    return rejected('user_id of the token in oauth_access_tokens is its sub');
  }
  // `!(a > b)` also refuses a time that could not be read.
  if (row.expiresAt !== null && !(row.expiresAt > now())) {
    return expired('expires_at of the token in oauth_access_tokens is in the future');
  }
  return undefined;
}

interface PassportSettings extends PassportTokens {
  /** Verifies with Passport's public key. */
  readonly verifier: IssuerVerifier;
  /** Reads a JWT that Passport did not sign. */
  readonly otherwise?: CredentialReader | undefined;
}

/**
 * Creates the reader of Laravel Passport's access tokens: JWTs with `sub` and `jti`, whose rows are in
 * `oauth_access_tokens`. Scopes are ignored, because they apply to the application's own routes.
 */
export function createPassportReader(settings: PassportSettings): CredentialReader {
  const { verifier, otherwise } = settings;
  return async (text, principal) => {
    const jwt = await verifier.verify(text);
    if ('fault' in jwt) {
      return otherwise && jwt.fault === 'credential-rejected' ? otherwise(text, principal) : jwt;
    }
    return readUser(jwt, settings);
  };
}

async function readUser(
  { claims, issuedAt, expiresAt }: VerifiedJwt,
  settings: PassportSettings,
): Promise<Identification> {
  const id = readId(claims.get('sub'));
  if (id === undefined) return claimFault('sub', idForm, claims.get('sub'));
  const { tokenId } = readTokenId(claims);
  if (tokenId === undefined) return claimFault('jti', idForm, claims.get('jti'));
  const fault = await findAccessTokenFault({ id, tokenId }, settings);
  const { tenantId } = settings;
  return (
    fault ?? {
      principal: { kind: 'user', id, roles: [], tenantId, tokenId, issuedAt, expiresAt },
    }
  );
}
