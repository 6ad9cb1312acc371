import type { KeyObject } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { ClaimRule } from '../../policy/policy.ts';
import { maxTime } from '../../policy/principal.ts';
import { claimFault, claimRuleFault } from '../claims.ts';
import { expired, malformed, rejected, type RefusedCredential } from '../credential.ts';
import { parseJsonMembers, type Members } from '../json-object.ts';
import { copyText, createTtlCache, type CacheLookups } from '../../runtime/caches.ts';
import { verifyHmac } from './hmac-signature.ts';
import { readJwtHeader } from './jwt-header.ts';
import {
  isHmacAlgorithm,
  publicKeyAlgorithms,
  type KeyHint,
  type TokenKey,
  type TokenKeys,
} from './token-key.ts';

/** The tolerated clock skew of the issuer, in milliseconds. It does not apply to the expiry of a token. */
const clockSkewMs = 30_000;

/** The maximum number of cached tokens, and of their characters together. */
const cacheLimits = { maxEntries: 20_000, maxCharacters: 8 * 1024 * 1024 } as const;

export type Claims = Members;

/** How the tokens of one issuer are verified. */
export interface JwtIssuer {
  readonly keys: TokenKeys;
  /** The exact `iss`; `undefined` if it is not checked. */
  readonly issuer?: string | undefined;
  /** The accepted values of `aud`; empty if it is not checked. */
  readonly audience: readonly string[];
  /** The required values of further claims. */
  readonly require: readonly (readonly [name: string, rule: ClaimRule])[];
  /** The maximum of `exp - iat`. */
  readonly maxAgeMs?: number | undefined;
}

/** The issuers of which one may have made a token. */
export interface JwtChoice<Issuer extends JwtIssuer> {
  readonly issuers: readonly Issuer[];
  /** Chooses by the claims of the token, which are not verified yet. */
  readonly choose: (text: string, alg: string) => Issuer | Required<RefusedCredential>;
}

/** The claims of a token whose signature, issuer, audience and times are verified. Times are in milliseconds. */
export interface VerifiedJwt<Issuer extends JwtIssuer = JwtIssuer> {
  readonly by: Issuer;
  readonly claims: Claims;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number;
}

/** A refused token, with its issuer if one was chosen. */
interface RefusedJwt<Issuer extends JwtIssuer> {
  readonly refused: RefusedCredential;
  readonly by?: Issuer;
}

type JwtResult<Issuer extends JwtIssuer> = VerifiedJwt<Issuer> | RefusedJwt<Issuer>;

export interface JwtVerifier<Issuer extends JwtIssuer = JwtIssuer> {
  /** Rejects only with `Unavailable`, if the keys cannot be fetched. The result never contains the token. */
  readonly verify: (text: string, choice: JwtChoice<Issuer>) => Promise<JwtResult<Issuer>>;
}

export interface JwtDeps {
  readonly now: () => number;
  /** A hit is a signature that was found in the cache; one that must be verified is a miss. */
  readonly lookups?: CacheLookups;
}

/** A token whose signature was verified with this key of its issuer. */
interface CachedJwt<Issuer> {
  readonly by: Issuer;
  readonly hint: KeyHint;
  readonly key: TokenKey;
  readonly claims: Claims;
}

/**
 * Creates a verifier of signed JWTs (RFC 7519, hardened by RFC 8725). `exp` is required and has no leeway, `iat` and
 * `nbf` have 30 seconds. Caches verified signatures, but checks the key, the claims and the times on each use.
 */
export function createJwtVerifier<Issuer extends JwtIssuer>({
  now,
  lookups = { hits: 0, misses: 0 },
}: JwtDeps): JwtVerifier<Issuer> {
  const cache = createTtlCache<CachedJwt<Issuer>>({ ...cacheLimits, now });
  return {
    verify: async (text, choice) => {
      const found = cache.get(text);
      // The issuer may belong to another route, or to a policy that is no longer in use.
      const cached = found !== undefined && choice.issuers.includes(found.by) ? found : undefined;
      const header = cached ?? readJwtHeader(text);
      if ('fault' in header) return { refused: header };
      const { hint } = header;
      const by = cached?.by ?? choice.choose(text, hint.alg);
      if ('fault' in by) return { refused: by };
      // Find the key on each use. Otherwise a cached token would stay valid after its key was withdrawn or its key set
      // became too old.
      const candidates = await by.keys.find(hint);
      const [first] = candidates;
      if (first === undefined) return { refused: rejected(unknownKey(hint)), by };
      if (cached !== undefined && candidates.includes(cached.key)) {
        lookups.hits += 1;
        return checkClaims(cached.claims, by, now());
      }
      lookups.misses += 1;
      const verified = await verifyWithOneOf(candidates, text);
      if (verified === undefined) {
        return { refused: rejected(`signature of the token is valid (${first.algorithm})`), by };
      }
      const { key, payload } = verified;
      const claims = parseJsonMembers(payload);
      if (claims === undefined) return { refused: malformedPayload, by };
      const result = checkClaims(claims, by, now());
      if ('refused' in result) return result;
      cache.set(copyText(text), { by, hint, key, claims }, result.expiresAt - now());
      return result;
    },
  };
}

/** A verifier of the tokens of one issuer. */
export interface IssuerVerifier {
  readonly verify: (text: string) => Promise<VerifiedJwt | RefusedCredential>;
}

/** Creates a verifier of the tokens of one issuer, with a cache of its own. */
export function createIssuerVerifier(issuer: JwtIssuer, deps: JwtDeps): IssuerVerifier {
  const { verify } = createJwtVerifier(deps);
  const choice = { issuers: [issuer], choose: () => issuer };
  return {
    verify: async (text) => {
      const result = await verify(text, choice);
      return 'refused' in result ? result.refused : result;
    },
  };
}

const malformedPayload = malformed('payload of the token is a JSON object');

/** Returns the payload and the first key that verifies it, or `undefined` if the signature is invalid. */
async function verifyWithOneOf(
  candidates: readonly TokenKey[],
  text: string,
): Promise<{ readonly key: TokenKey; readonly payload: Uint8Array } | undefined> {
  for (const key of candidates) {
    const payload = await verifiedPayload(text, key);
    if (payload !== undefined) return { key, payload };
  }
  return undefined;
}

/** Returns the payload, or `undefined` if the signature is invalid. The payload is not parsed before. */
async function verifiedPayload(text: string, key: TokenKey): Promise<Uint8Array | undefined> {
  const { algorithm } = key;
  if (isHmacAlgorithm(algorithm)) return verifyHmac(text, { algorithm, key: key.key });
  if (!hasLengthOfModulus(text, key.key)) return undefined;
  try {
    const { payload } = await compactVerify(text, key.key, { algorithms: [algorithm] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/**
 * Whether the signature of a token is as long as the modulus of an RSA key, as RFC 8017 §8.1.2 and §8.2.2 say; true for other keys.
 * Not every library checks it, and a token must have one text only.
 */
export function hasLengthOfModulus(text: string, key: KeyObject): boolean {
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined) return true;
  const signature = text.slice(text.lastIndexOf('.') + 1);
  return Buffer.byteLength(signature, 'base64url') === Math.ceil(modulusLength / 8);
}

function checkClaims<Issuer extends JwtIssuer>(
  claims: Claims,
  by: Issuer,
  now: number,
): JwtResult<Issuer> {
  const foreign = originFault(claims, by) ?? requiredFault(claims, by);
  if (foreign !== undefined) return { refused: foreign, by };
  const expiresAt = readNumericDate(claims, 'exp');
  const issuedAt = readNumericDate(claims, 'iat');
  if (expiresAt === undefined) {
    return { refused: claimFault('exp', timeForm, claims.get('exp')), by };
  }
  // A token from the future would outlive every revocation by "issued before".
  const early = futureFault(claims, 'iat', now) ?? futureFault(claims, 'nbf', now);
  if (early !== undefined) return { refused: early, by };
  if (by.maxAgeMs !== undefined) {
    if (issuedAt === undefined) {
      return { refused: claimFault('iat', timeForm, claims.get('iat')), by };
    }
    if (expiresAt - issuedAt > by.maxAgeMs) {
      return { refused: rejected(`claim exp is at most ${by.maxAgeMs / 1000} s after iat`), by };
    }
  }
  return expiresAt <= now
    ? { refused: expired('claim exp is in the future'), by }
    : { by, claims, expiresAt, issuedAt };
}

/** RFC 7519 §4.1.1 and §4.1.3. A claim is not checked if none is configured. */
function originFault(
  claims: Claims,
  { issuer, audience }: JwtIssuer,
): RefusedCredential | undefined {
  if (issuer !== undefined && claims.get('iss') !== issuer) {
    return claimFault('iss', 'the configured issuer', claims.get('iss'));
  }
  if (audience.length === 0) return undefined;
  const aud = claims.get('aud');
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  for (const one of audience) if (named.includes(one)) return undefined;
  return claimFault('aud', 'or contains the configured audience', aud);
}

function requiredFault(claims: Claims, { require }: JwtIssuer): RefusedCredential | undefined {
  for (const [name, rule] of require) {
    const fault = claimRuleFault(claims, name, rule);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A claim that is present must be a time that is not further in the future than the clock skew. Null counts as missing. */
function futureFault(claims: Claims, name: string, now: number): RefusedCredential | undefined {
  const found = claims.get(name);
  if (found === undefined || found === null) return undefined;
  const time = readNumericDate(claims, name);
  if (time === undefined) return claimFault(name, timeForm, found);
  return time <= now + clockSkewMs
    ? undefined
    : rejected(`claim ${name} is at most ${clockSkewMs / 1000} s in the future`);
}

const timeForm = 'a time in seconds since 1970';

/** The header is of the client, so only known algorithms are named. */
function unknownKey({ alg, kid }: KeyHint): string {
  const found = publicKeyAlgorithms.has(alg) || isHmacAlgorithm(alg) ? alg : 'another algorithm';
  return `a configured key has the alg and kid of the token: found ${found}, ${kid === undefined ? 'no' : 'a'} kid`;
}

/**
 * Reads a NumericDate (RFC 7519 §2: seconds, fractions allowed) in whole milliseconds. Returns `undefined` for any
 * other value.
 */
function readNumericDate(claims: Claims, name: string): number | undefined {
  const seconds = claims.get(name);
  if (typeof seconds !== 'number') return undefined;
  const milliseconds = Math.floor(seconds * 1000);
  return milliseconds >= 0 && milliseconds <= maxTime ? milliseconds : undefined;
}
