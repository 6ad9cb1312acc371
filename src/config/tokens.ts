import {
  hmacAlgorithms,
  isHmacAlgorithm,
  readHmac,
  readPem,
  type HmacSecret,
} from '../authn/jwt/token-key.ts';
import { fetchUrlProblem, keySetUrlProblem } from '../runtime/network/fetch-url.ts';
import { Secret } from '../runtime/secret.ts';
import type { SettingName, SettingsReader } from './read.ts';
import { settings } from './settings.ts';

export interface TokenConfig {
  readonly keys:
    | HmacSecret
    | { readonly publicKey: string; readonly algorithm?: string }
    | { readonly jwksUrl: URL };
  readonly expected: { readonly issuer: string; readonly audience: string } | undefined;
  /** Whether the key is the default of development. */
  readonly isDefault: boolean;
}

/** Replaces an invalid setting; never used, because `loadConfig` throws. */
const missing = new Secret('');

/** Reads the only secret, public key or key set of guest or user tokens; `undefined` if such tokens are not accepted. */
export function loadTokens(whose: 'GUEST' | 'USER', read: SettingsReader): TokenConfig | undefined {
  const sources = [
    `${whose}_TOKEN_SECRET`,
    `${whose}_TOKEN_PUBLIC_KEY`,
    `${whose}_TOKEN_JWKS_URL`,
  ] as const;
  const keys = loadKeys(sources, whose, read);
  const expected = loadExpected(whose, read);
  const isDefault = !sources.some((name) => read.isSet(name));
  if (keys !== undefined) return { keys, expected, isDefault };
  const set = Object.keys(settings).find(
    (name) => name.startsWith(`${whose}_TOKEN_`) && read.isSet(name as SettingName),
  );
  if (set !== undefined)
    read.problem(`${set} is set, so one of ${sources.join(', ')} must be set too`);
  return undefined;
}

/** At most one of these settings may be set. */
type KeySources = readonly [
  `${'GUEST' | 'USER'}_TOKEN_SECRET`,
  `${'GUEST' | 'USER'}_TOKEN_PUBLIC_KEY`,
  `${'GUEST' | 'USER'}_TOKEN_JWKS_URL`,
];

function loadKeys(
  sources: KeySources,
  whose: 'GUEST' | 'USER',
  read: SettingsReader,
): TokenConfig['keys'] | undefined {
  const [secretName, publicKeyName, jwksName] = sources;
  const algorithmName = `${whose}_TOKEN_ALGORITHM` as const;
  const encodingName = `${whose}_TOKEN_SECRET_ENCODING` as const;
  if (sources.filter((name) => read.isSet(name)).length > 1) {
    read.problem(`Only one of ${sources.join(', ')} may be set`);
  }
  const algorithm = read.optional(algorithmName);
  const encoding = read.optional(encodingName);
  if (encoding !== undefined && !read.isSet(secretName)) {
    read.problem(`${encodingName} requires ${secretName}`);
  }
  const pem = read.optional(publicKeyName);
  if (pem !== undefined) {
    // Environment files have a PEM on one line, with \n for line breaks.
    const publicKey = pem.replaceAll('\\n', '\n');
    const key = readPem(publicKey, algorithm);
    if ('problem' in key) read.problem(`${publicKeyName} ${key.problem}`);
    return { publicKey, ...(algorithm !== undefined && { algorithm }) };
  }
  const text = read.optional(jwksName);
  if (text !== undefined) {
    const jwksUrl = new URL(text.reveal());
    const problem = keySetUrlProblem(jwksUrl) ?? fetchUrlProblem(jwksUrl);
    if (problem !== undefined) read.problem(`${jwksName} ${problem}`);
    if (algorithm !== undefined) {
      read.problem(`${algorithmName} must not be set with ${jwksName}: each key has its algorithm`);
    }
    return { jwksUrl };
  }
  const secret = read.optional(secretName);
  if (secret === undefined)
    return sources.some((name) => read.isSet(name)) ? { secret: missing } : undefined;
  if (algorithm !== undefined && !isHmacAlgorithm(algorithm)) {
    read.problem(`${algorithmName} must be one of ${hmacAlgorithms.join(', ')} with ${secretName}`);
    return { secret };
  }
  const pinned = { ...(algorithm !== undefined && { algorithm }), ...(encoding && { encoding }) };
  const key = readHmac({ secret, ...pinned });
  if ('problem' in key) read.problem(`${secretName} ${key.problem}`);
  return { secret, ...pinned };
}

function loadExpected(whose: 'GUEST' | 'USER', read: SettingsReader): TokenConfig['expected'] {
  const issuer = read.optional(`${whose}_TOKEN_ISSUER`);
  const audience = read.optional(`${whose}_TOKEN_AUDIENCE`);
  if (issuer !== undefined && audience !== undefined) return { issuer, audience };
  if (issuer !== undefined || audience !== undefined) {
    read.problem(`${whose}_TOKEN_ISSUER and ${whose}_TOKEN_AUDIENCE must be set together`);
  }
  return undefined;
}
