import type { ApplicationClient } from '../application/application-client.ts';
import type { BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import type { Secret } from '../runtime/secret.ts';
import { describeType } from '../runtime/describe-type.ts';
import { optionalClaim, claimFault } from './claims.ts';
import {
  expired,
  identified,
  malformed,
  rejected,
  type CredentialReader,
  type Identification,
} from './credential.ts';
import { createIdentificationCache } from './identification-cache.ts';
import { readPrincipal } from './issued-token.ts';
import { parseJsonMembers, type Members } from './json-object.ts';
import type { IssuerClaims } from './token-issuers.ts';

/** An introspection endpoint of OAuth 2.0 (RFC 7662). */
export interface TokenIntrospectionSettings {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The audiences of which a token must have one; any token without them. */
  readonly audience: readonly string[];
  readonly client: ApplicationClient;
  /**
   * The claims of the response that make the user; `undefined` if the policy has no such users. The same object as long as they do
   * not change, because responses are cached for it.
   */
  readonly claims: () => IssuerClaims | undefined;
  readonly now: () => number;
}

/** The expiry of a token whose response has no `exp`, in milliseconds. */
const unknownExpiryMs = 3_600_000;

/**
 * Creates the reader that introspects an opaque token at the endpoint. Only `active: true` identifies a user. Any status but 200,
 * also 401 for wrong credentials of this client, and any response without `active` throw `Unavailable`.
 */
export function createTokenIntrospection(settings: TokenIntrospectionSettings): CredentialReader {
  const identify = createIdentificationCache(settings.now);
  const authorization = basicCredentials(settings.clientId, settings.clientSecret.reveal());
  return async (text) => {
    const declared = settings.claims();
    if (declared === undefined) return { fault: 'credential-not-configured' };
    // RFC 6750 §2.1: no token has other characters.
    if (!/^[A-Za-z0-9._~+/|-]+=*$/.test(text)) {
      return malformed('token has the characters of a bearer token');
    }
    return identify(text, declared, (key) =>
      settings.client.send({
        key,
        url: settings.url,
        headers: {
          accept: 'application/json',
          authorization,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ token: text, token_type_hint: 'access_token' }).toString(),
        read: (response) => readResponse(response, declared, settings),
      }),
    );
  };
}

/** RFC 6749 §2.3.1: both are form-encoded first. */
function basicCredentials(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}`;
}

function readResponse(
  { status, text }: BoundedResponse,
  claims: IssuerClaims,
  { audience, now }: TokenIntrospectionSettings,
): Identification {
  if (status !== 200) throw new Error(`the response has status ${status}`);
  const members = parseJsonMembers(Buffer.from(text));
  const active = members?.get('active');
  if (members === undefined || typeof active !== 'boolean') {
    throw new Error(
      `the response has no active, which is true or false: found ${describeType(active)}`,
    );
  }
  if (!active) return rejected('token is active at the introspection endpoint');
  const kind = kindClaims.find((name) => isOtherKind(members.get(name)));
  if (kind !== undefined) return rejected(`claim ${kind} names an access token`);
  const exp = optionalClaim(members.get('exp'), readTime);
  // It could hide the end of the token.
  if (exp === undefined) return claimFault('exp', timeForm, members.get('exp'));
  const expiresAt = exp.value ?? now() + unknownExpiryMs;
  if (expiresAt <= now()) return expired('claim exp is in the future');
  if (audience.length > 0 && !audience.some((each) => audiencesOf(members).includes(each))) {
    return rejected('claim aud has one of INTROSPECTION_AUDIENCE');
  }
  const iat = optionalClaim(members.get('iat'), readTime);
  // A time in the future would outlive every revocation by “issued before”.
  const issuedAt = iat?.value === undefined ? undefined : Math.min(iat.value, now());
  const read = readPrincipal({ by: { principal: claims }, claims: members, issuedAt, expiresAt });
  if (iat !== undefined || 'fault' in read) return read;
  return identified(read.principal, [...(read.notes ?? []), unreadableIat(members.get('iat'))]);
}

/** Without `iat` every revocation of the user applies, so nothing is granted by it. */
const unreadableIat = (found: unknown): string =>
  `token is accepted without its iat, which is ${timeForm}: found ${describeType(found)}; after a revocation of its user it is refused`;

const timeForm = 'a time in seconds since 1970';

/** A larger number is in milliseconds. */
const maxSeconds = 1e11;

function readTime(claim: unknown): number | undefined {
  const isTime = typeof claim === 'number' && claim >= 0 && claim <= maxSeconds;
  return isTime ? Math.floor(claim * 1000) : undefined;
}

/** Where servers write the kind of the token: Ory Hydra in `token_use`, Keycloak in `typ`, others in `token_type`. */
const kindClaims = ['token_use', 'typ', 'token_type'] as const;

/**
 * A refresh token is active, too (RFC 7662 §2.1), and lives for months. Keycloak calls it Refresh or Offline, and an ID token ID.
 */
const otherKinds: ReadonlySet<string> = new Set([
  'refresh',
  'refresh_token',
  'offline',
  'id',
  'id_token',
]);

const isOtherKind = (kind: unknown): boolean =>
  typeof kind === 'string' && otherKinds.has(kind.toLowerCase());

function audiencesOf(members: Members): readonly unknown[] {
  const aud = members.get('aud');
  return Array.isArray(aud) ? aud : [aud];
}

/**
 * Creates the reader of both kinds of bearer token. A JWT is read by its issuer alone, as long as there is an issuer: a
 * JWT that was refused is not sent to the endpoint.
 */
export function opaqueOrJwt(
  jwt: CredentialReader,
  opaque: CredentialReader,
  hasIssuers: () => boolean,
): CredentialReader {
  return (text, kind) => {
    const isJwt = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) && hasIssuers();
    return isJwt || (kind !== undefined && kind !== 'user') ? jwt(text, kind) : opaque(text);
  };
}
