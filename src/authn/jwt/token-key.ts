import { createPublicKey, createSecretKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { Secret } from '../../runtime/secret.ts';
import { secretWeakness } from '../weak-secret.ts';
import { isJsonObject } from '../../runtime/json.ts';

/** A key that verifies tokens, and its only algorithm (RFC 8725 §3.1). */
export interface TokenKey {
  readonly algorithm: string;
  readonly key: KeyObject;
  readonly kid?: string;
}

/** The algorithm and key id in a token's header. They only select one of the configured keys. */
export interface KeyHint {
  readonly alg: string;
  readonly kid?: string;
}

export interface TokenKeys {
  /**
   * Finds the keys of which one may verify a token, at most four: a token without `kid` is tried with each. Throws
   * `Unavailable` if the keys cannot be fetched.
   */
  readonly find: (hint: KeyHint) => Promise<readonly TokenKey[]>;
}

/** The network and the clock (milliseconds since the epoch) for a key source. */
export interface KeyDeps {
  /** The name of the issuer, for the reason of an outage. */
  readonly name?: string;
  readonly fetch: typeof fetch;
  readonly now: () => number;
  /** Called after each fetch of keys. */
  readonly onFetched?: (isFetched: boolean) => void;
}

/** The algorithms of an RSA key, with the default first. */
const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;

/** The only algorithm of each curve (RFC 7518 §3.4), by its name in Node.js. */
const curveAlgorithms = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
] as const);

/** The algorithms of an Ed25519 key (RFC 8037, RFC 9864), with the default first. */
const edwardsAlgorithms = ['EdDSA', 'Ed25519'] as const;

/** All algorithms to which a public key can be pinned. */
export const publicKeyAlgorithms: ReadonlySet<string> = new Set([
  ...rsaAlgorithms,
  ...curveAlgorithms.values(),
  ...edwardsAlgorithms,
]);

/** The bytes of the hash of each HMAC algorithm: the least length of its secret (RFC 7518 §3.2). */
const hashBytes = { HS256: 32, HS384: 48, HS512: 64 } as const;

export type HmacAlgorithm = keyof typeof hashBytes;

/** All algorithms to which a secret can be pinned, with the default first. */
export const hmacAlgorithms = Object.keys(hashBytes) as readonly HmacAlgorithm[];

/** All algorithms of tokens. */
export const tokenAlgorithms: readonly string[] = [...hmacAlgorithms, ...publicKeyAlgorithms];

export function isHmacAlgorithm(algorithm: string): algorithm is HmacAlgorithm {
  return Object.hasOwn(hashBytes, algorithm);
}

/** A shared secret. Its text is the key, or with an encoding the bytes that it encodes. */
export interface HmacSecret {
  readonly secret: Secret;
  /** HS256 by default. */
  readonly algorithm?: HmacAlgorithm | undefined;
  readonly encoding?: 'base64' | undefined;
}

/** Reads the key of a shared secret, or its problem as a text that follows the name of a setting and is without the value. */
export function readHmac({
  secret,
  algorithm = 'HS256',
  encoding,
}: HmacSecret): TokenKey | { readonly problem: string } {
  const text = secret.reveal();
  const key = encoding === undefined ? text : base64Bytes(text);
  if (key === undefined) return { problem: 'is not base64' };
  const problem = secretWeakness(key, hashBytes[algorithm]);
  return problem === undefined
    ? { algorithm, key: createSecretKey(Buffer.from(key)) }
    : { problem };
}

const smallestRsaModulus = 2048;

/** Creates the key of a shared secret. Throws an `Error` without the value if the secret is too weak for the algorithm. */
export function hmacKey(secret: HmacSecret): TokenKey {
  const read = readHmac(secret);
  if ('problem' in read) throw new Error(`The token secret ${read.problem}`);
  return read;
}

/** Libraries accept both alphabets of RFC 4648, and a text without padding. `undefined` for a text that is not base64. */
function base64Bytes(text: string): Buffer | undefined {
  const [, digits = ''] = /^([A-Za-z0-9+/_-]+)={0,2}$/.exec(text) ?? [];
  return digits === '' || digits.length % 4 === 1 ? undefined : Buffer.from(digits, 'base64');
}

/**
 * Reads the key of a PEM `PUBLIC KEY` block (SPKI, RFC 7468 §13), pinned to `algorithm` or to the default of its type: RSA
 * of 2048 bits or more to RS256, P-256 to ES256, P-384 to ES384, P-521 to ES512, Ed25519 to EdDSA. Throws an `Error`
 * without the value for anything else.
 */
export function pemKey(pem: string, pinned?: string): TokenKey {
  const read = readPem(pem, pinned);
  if ('problem' in read) throw new Error(`The token public key ${read.problem}`);
  return read;
}

/** Reads the same key, but returns the problem as a text that follows the name of a setting. */
export function readPem(pem: string, pinned?: string): TokenKey | { readonly problem: string } {
  // createPublicKey would derive the public key of a private key without an error, but a private key must not be
  // configured here.
  if (pem.includes('PRIVATE KEY')) {
    return {
      problem: 'must be a public key in PEM; of a private key configure its public half only',
    };
  }
  const key = readKey(() => createPublicKey(pem));
  if (key === undefined) return { problem: 'must be a public key in PEM' };
  if (!/^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/.test(pem)) {
    return {
      problem: 'must be one PEM block of type PUBLIC KEY, not a certificate or an RSA PUBLIC KEY',
    };
  }
  const algorithms = algorithmsOf(key);
  if (algorithms.length === 0) {
    return {
      problem:
        'must be an RSA key of 2048 bits or more, or a key on P-256, P-384, P-521 or Ed25519',
    };
  }
  const algorithm = algorithms.find((one) => one === (pinned ?? one));
  return algorithm === undefined
    ? { problem: `is a key for ${algorithms.join(', ')}` }
    : { algorithm, key };
}

/**
 * Reads the key of a JWK (RFC 7517), pinned to its `alg`. Without one it is pinned to `unnamed` if that is an algorithm of its
 * type, and to the default of its type otherwise. Returns `undefined` for a key
 * that must not verify tokens: symmetric, private, for encryption, too small or unreadable.
 */
export function jwkKey(value: unknown, unnamed?: string): TokenKey | undefined {
  const jwk = isJsonObject(value) ? withoutNulls(value) : {};
  if ('d' in jwk) return undefined;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return undefined;
  const operations = jwk['key_ops'];
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return undefined;
  }
  const kid = jwk['kid'];
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  const key = readKey(() => createPublicKey({ key: jwk, format: 'jwk' }));
  if (key === undefined) return undefined;
  const fitting = algorithmsOf(key);
  const named = jwk['alg'];
  const algorithm =
    named === undefined
      ? (fitting.find((one) => one === unnamed) ?? fitting[0])
      : fitting.find((one) => one === named);
  if (algorithm === undefined) return undefined;
  return { algorithm, key, ...(kid !== undefined && { kid }) };
}

/**
 * Returns the algorithms to which a public key may be pinned, with the default first. Returns none for a key that is
 * too small or of another type.
 */
function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    return modulusLength >= smallestRsaModulus ? rsaAlgorithms : [];
  }
  if (key.asymmetricKeyType === 'ed25519') return edwardsAlgorithms;
  return [...curveAlgorithms].flatMap(([curve, algorithm]) =>
    curve === namedCurve ? [algorithm] : [],
  );
}

function readKey(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Some servers write each member of their type, such as `"use": null`. */
function withoutNulls(members: Readonly<Record<string, unknown>>): JsonWebKey {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}
