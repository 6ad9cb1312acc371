import { compactVerify, errors } from 'jose';
import { maxTime } from '../../policy/principal.ts';
import { claimFault } from '../claim-fault.ts';
import type { RefusedCredential } from '../credential.ts';
import { parseJsonObject, type Members } from '../json-object.ts';
import { createTtlCache } from '../ttl-cache.ts';
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

/** The claims of a token whose signature, issuer, audience and times are verified. Times are in milliseconds. */
export interface VerifiedJwt {
  readonly claims: Claims;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number;
}

type JwtResult = VerifiedJwt | RefusedCredential;

export interface JwtVerifier {
  /** Rejects only with `Unavailable`, if the keys cannot be fetched. The result never contains the token. */
  readonly verify: (text: string) => Promise<JwtResult>;
}

/** `issuer` and `audience` must be set together. `maxAgeMs` is the maximum of `exp - iat`. */
export interface JwtSettings {
  readonly keys: TokenKeys;
  readonly issuer?: string;
  readonly audience?: string;
  readonly maxAgeMs?: number;
  readonly now: () => number;
  /** Called with true if the signature was found in the cache, and with false if it must be verified. */
  readonly onCacheLookup?: (isHit: boolean) => void;
}

/** A token whose signature was verified with this key. */
interface CachedJwt {
  readonly hint: KeyHint;
  readonly key: TokenKey;
  readonly claims: Claims;
}

const rejected = (detail: string) => ({ fault: 'credential-rejected', detail }) as const;

/**
 * Creates a verifier of signed JWTs (RFC 7519, hardened by RFC 8725). `exp` is required and has no leeway, `iat` and
 * `nbf` have 30 seconds. Caches verified signatures, but checks the key and the times on each use. Throws an `Error` if
 * only one of issuer and audience is set.
 */
export function createJwtVerifier(settings: JwtSettings): JwtVerifier {
  if ((settings.issuer === undefined) !== (settings.audience === undefined)) {
    throw new Error('A token issuer and a token audience must be configured together');
  }
  const { keys, now } = settings;
  const cache = createTtlCache<CachedJwt>({ ...cacheLimits, now });
  return {
    verify: async (text) => {
      const cached = cache.get(text);
      const header = cached ?? readJwtHeader(text);
      if ('fault' in header) return header;
      const { hint } = header;
      // Find the key on each use. Otherwise a cached token would stay valid after its key was withdrawn or its key set
      // became too old.
      const candidates = await keys.find(hint);
      const [first] = candidates;
      if (first === undefined) return rejected(unknownKey(hint));
      const isHit = cached !== undefined && candidates.includes(cached.key);
      settings.onCacheLookup?.(isHit);
      if (isHit) return checkClaims(cached.claims, settings);
      const verified = await verifyWithOneOf(candidates, text);
      if (verified === undefined) {
        return rejected(`signature of the token is valid (${first.algorithm})`);
      }
      const { key, payload } = verified;
      const claims = parseJsonObject(payload);
      if (claims === undefined) {
        return { fault: 'credential-malformed', detail: 'payload of the token is a JSON object' };
      }
      const result = checkClaims(claims, settings);
      if ('fault' in result) return result;
      cache.set(copyText(text), { hint, key, claims }, result.expiresAt - now());
      return result;
    },
  };
}

/** Copies the text. A substring of a body would keep the whole body in memory. Tokens contain only ASCII here. */
function copyText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

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
  try {
    const { payload } = await compactVerify(text, key.key, { algorithms: [key.algorithm] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function checkClaims(claims: Claims, settings: JwtSettings): JwtResult {
  const foreign = audienceFault(claims, settings);
  if (foreign !== undefined) return foreign;
  const now = settings.now();
  const expiresAt = readNumericDate(claims, 'exp');
  const issuedAt = readNumericDate(claims, 'iat');
  if (expiresAt === undefined) return claimFault('exp', timeForm, claims.get('exp'));
  // A token from the future would outlive every revocation by "issued before".
  const early = futureFault(claims, 'iat', now) ?? futureFault(claims, 'nbf', now);
  if (early !== undefined) return early;
  if (settings.maxAgeMs !== undefined) {
    if (issuedAt === undefined) return claimFault('iat', timeForm, claims.get('iat'));
    if (expiresAt - issuedAt > settings.maxAgeMs) {
      return rejected(`claim exp is at most ${settings.maxAgeMs / 1000} s after iat`);
    }
  }
  if (expiresAt <= now) {
    return { fault: 'credential-expired', detail: 'claim exp is in the future' };
  }
  return { claims, expiresAt, issuedAt };
}

/** RFC 7519 §4.1.1 and §4.1.3. Neither claim is checked if none is configured. */
function audienceFault(
  claims: Claims,
  { issuer, audience }: JwtSettings,
): RefusedCredential | undefined {
  if (issuer === undefined) return undefined;
  const [iss, aud] = [claims.get('iss'), claims.get('aud')];
  if (iss !== issuer) return claimFault('iss', 'the configured issuer', iss);
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.includes(audience)
    ? undefined
    : claimFault('aud', 'or contains the configured audience', aud);
}

/** A claim that is present must be a time that is not further in the future than the clock skew. */
function futureFault(claims: Claims, name: string, now: number): RefusedCredential | undefined {
  if (!claims.has(name)) return undefined;
  const time = readNumericDate(claims, name);
  if (time === undefined) return claimFault(name, timeForm, claims.get(name));
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
