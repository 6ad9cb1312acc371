import { compactVerify, errors } from 'jose';
import { maxTime } from '../../policy/principal.ts';
import type { CredentialFault } from '../credential.ts';
import { parseJsonObject, type Members } from '../json-object.ts';
import { createTtlCache } from '../ttl-cache.ts';
import { readJwtHeader } from './jwt-header.ts';
import type { KeyHint, TokenKey, TokenKeys } from './token-key.ts';

/** How far an issuer's clock may be ahead, in milliseconds; never applied to the end of a token. */
const clockSkewMs = 30_000;

/** Good tokens that are remembered at most, and the characters of all of them together. */
const cacheLimits = { maxEntries: 20_000, maxCharacters: 8 * 1024 * 1024 } as const;

export type Claims = Members;

/** The claims of a token whose signature, issuer, audience and times were found good; times in milliseconds. */
export interface VerifiedJwt {
  readonly claims: Claims;
  readonly issuedAt: number | undefined;
  readonly expiresAt: number;
}

type JwtResult = VerifiedJwt | { readonly fault: CredentialFault };

/** Verifies the tokens of one issuer. */
export interface JwtVerifier {
  /** Never rejects but with `Unavailable` (keys could not be fetched), and never repeats the token. */
  readonly verify: (text: string) => Promise<JwtResult>;
}

/** `issuer` and `audience` come together or not at all; `maxAge` is the longest `exp - iat` in milliseconds. */
export interface JwtSettings {
  readonly keys: TokenKeys;
  readonly issuer?: string;
  readonly audience?: string;
  readonly maxAgeMs?: number;
  readonly now: () => number;
  /** Told whether a signature was remembered, or has to be verified. */
  readonly onCacheLookup?: (isHit: boolean) => void;
}

/** A token whose signature was found good, by this very key. */
interface CachedJwt {
  readonly hint: KeyHint;
  readonly key: TokenKey;
  readonly claims: Claims;
}

const rejected = { fault: 'credential-rejected' } as const;

/**
 * Makes a verifier for signed JWTs (RFC 7519, hardened by RFC 8725): `exp` is required and has no leeway,
 * `iat` and `nbf` have 30 seconds. Remembers the signatures of good tokens; the key and the times are looked at again on
 * each use. Throws an `Error` when only one of issuer and audience is set.
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
      // Asked each time: a key that was withdrawn, or whose set is too old to count, must not live on in the memory.
      const key = await keys.find(hint);
      if (key === undefined) return rejected;
      const isHit = cached?.key === key;
      settings.onCacheLookup?.(isHit);
      if (isHit) return checkClaims(cached.claims, settings);
      const payload = await verifiedPayload(text, key);
      if (payload === undefined) return rejected;
      const claims = parseJsonObject(payload);
      if (claims === undefined) return { fault: 'credential-malformed' };
      const result = checkClaims(claims, settings);
      if ('fault' in result) return result;
      cache.set(copyText(text), { hint, key, claims }, result.expiresAt - now());
      return result;
    },
  };
}

/** The text by itself: cut out of a body, it would keep the whole body in memory. Tokens are ASCII by now. */
function copyText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** The payload, once its signature is good; nobody looks at it before. */
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
  if (!hasExpectedAudience(claims, settings)) return rejected;
  const now = settings.now();
  const expiresAt = readNumericDate(claims, 'exp');
  const issuedAt = readNumericDate(claims, 'iat');
  if (expiresAt === undefined) return rejected;
  // A token from the future would outlive every revocation by "issued before".
  if (!isPast(claims, 'iat', now) || !isPast(claims, 'nbf', now)) return rejected;
  if (settings.maxAgeMs !== undefined) {
    if (issuedAt === undefined || expiresAt - issuedAt > settings.maxAgeMs) return rejected;
  }
  if (expiresAt <= now) return { fault: 'credential-expired' };
  return { claims, expiresAt, issuedAt };
}

/** RFC 7519 §4.1.1 and §4.1.3; where nothing is configured, neither claim is looked at. */
function hasExpectedAudience(claims: Claims, { issuer, audience }: JwtSettings): boolean {
  if (issuer === undefined) return true;
  const aud = claims.get('aud');
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return claims.get('iss') === issuer && audiences.includes(audience);
}

/** True when the claim is absent, or a time no further ahead than clocks may differ. */
function isPast(claims: Claims, name: string, now: number): boolean {
  if (!claims.has(name)) return true;
  const time = readNumericDate(claims, name);
  return time !== undefined && time <= now + clockSkewMs;
}

/** A NumericDate (RFC 7519 §2: seconds, fractions allowed) in whole milliseconds; `undefined` when it is none. */
function readNumericDate(claims: Claims, name: string): number | undefined {
  const seconds = claims.get(name);
  if (typeof seconds !== 'number') return undefined;
  const milliseconds = Math.floor(seconds * 1000);
  return milliseconds >= 0 && milliseconds <= maxTime ? milliseconds : undefined;
}
