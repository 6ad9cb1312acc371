import { createPublicKey } from 'node:crypto';
import { Secret } from '../core/secret.ts';
import { weakSecret } from '../core/weak-secret.ts';
import { isLoopback } from './network.ts';
import type { SettingsReader } from './read.ts';

/** How one kind of token is verified. */
export interface TokenConfig {
  readonly keys:
    { readonly secret: Secret } | { readonly publicKey: string } | { readonly jwksUrl: URL };
  readonly expected: { readonly issuer: string; readonly audience: string } | undefined;
}

/** Stands where a secret is missing; never used, because the start is refused. */
const missing = new Secret('');

/** Reads how guests' or users' tokens are verified: by one secret, public key or key set, and no more than one. */
export function loadTokens(whose: 'GUEST' | 'USER', read: SettingsReader): TokenConfig {
  return { keys: loadKeys(whose, read), expected: loadExpected(whose, read) };
}

function loadKeys(whose: 'GUEST' | 'USER', read: SettingsReader): TokenConfig['keys'] {
  const sources = [
    `${whose}_TOKEN_SECRET`,
    `${whose}_TOKEN_PUBLIC_KEY`,
    `${whose}_TOKEN_JWKS_URL`,
  ] as const;
  const [secretName, publicKeyName, jwksName] = sources;
  if (sources.filter((name) => read.isSet(name)).length > 1) {
    read.problem(`Only one of ${sources.join(', ')} may be set`);
  }
  if (read.isSet(publicKeyName)) {
    // Environment files keep a PEM on one line, with \n written out.
    const publicKey = read.required(publicKeyName).replaceAll('\\n', '\n');
    if (!isPublicKey(publicKey)) read.problem(`${publicKeyName} must be a public key in PEM`);
    return { publicKey };
  }
  const jwksUrl = read.optional(jwksName);
  if (jwksUrl !== undefined) return { jwksUrl: overTls(new URL(jwksUrl.reveal()), jwksName, read) };
  const secret = read.optional(secretName);
  if (secret === undefined) {
    if (!read.isSet(secretName) && !read.isSet(jwksName))
      read.problem(`One of ${sources.join(', ')} must be set`);
    return { secret: missing };
  }
  const weakness = weakSecret(secret.reveal());
  if (weakness !== undefined) read.problem(`${secretName} ${weakness}`);
  return { secret };
}

function isPublicKey(pem: string): boolean {
  // From a private key Node makes the public one without a word; that key has no business here.
  if (pem.includes('PRIVATE KEY')) return false;
  try {
    return createPublicKey(pem).type === 'public';
  } catch {
    return false;
  }
}

function overTls(url: URL, name: string, read: SettingsReader): URL {
  // Whoever sits between could answer with keys of his own.
  if (url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) {
    read.problem(`${name} must use https`);
  }
  return url;
}

function loadExpected(whose: 'GUEST' | 'USER', read: SettingsReader): TokenConfig['expected'] {
  const issuer = read.optional(`${whose}_TOKEN_ISSUER`);
  const audience = read.optional(`${whose}_TOKEN_AUDIENCE`);
  if (issuer !== undefined && audience !== undefined) return { issuer, audience };
  if (issuer !== undefined || audience !== undefined) {
    read.problem(`${whose}_TOKEN_ISSUER and ${whose}_TOKEN_AUDIENCE go together`);
  }
  return undefined;
}
