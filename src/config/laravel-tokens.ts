import { readPem } from '../authn/jwt/token-key.ts';
import type { SettingsReader } from './read.ts';
import type { ApplicationDatabaseConfig } from './sessions.ts';

/** A Laravel application whose Sanctum tokens are accepted. */
export interface SanctumConfig {
  readonly database: ApplicationDatabaseConfig;
  readonly tokenableType: string;
  readonly tenantId?: string;
  readonly expirationMs?: number;
}

/** A Laravel application whose Passport tokens are accepted. */
export interface PassportConfig {
  readonly database: ApplicationDatabaseConfig;
  /** Without it, only an issuer of the policy has the key. */
  readonly publicKey?: string;
  readonly tenantId?: string;
}

/** Returns `undefined` if Sanctum tokens are not accepted. */
export function loadSanctum(read: SettingsReader): SanctumConfig | undefined {
  const url = read.optional('SANCTUM_DATABASE_URL');
  if (url === undefined) return undefined;
  const expirationMs = read.optional('SANCTUM_EXPIRATION');
  const tenantId = read.optional('SANCTUM_TENANT');
  return {
    database: { url, timeZone: read.required('SANCTUM_TIME_ZONE') },
    tokenableType: read.required('SANCTUM_TOKENABLE_TYPE'),
    ...(tenantId !== undefined && { tenantId }),
    ...(expirationMs !== undefined && { expirationMs }),
  };
}

/** Passport signs with RS256 only. */
const algorithm = 'RS256';

/** Returns `undefined` if the database of Passport is not read. */
export function loadPassport(read: SettingsReader): PassportConfig | undefined {
  const url = read.optional('PASSPORT_DATABASE_URL');
  const publicKey = loadPassportKey(read);
  // The address is missing, which is a problem beside a key, or a problem already.
  if (url === undefined) return undefined;
  const tenantId = read.optional('PASSPORT_TENANT');
  return {
    database: { url, timeZone: read.required('PASSPORT_TIME_ZONE') },
    ...(publicKey !== undefined && { publicKey }),
    ...(tenantId !== undefined && { tenantId }),
  };
}

function loadPassportKey(read: SettingsReader): string | undefined {
  const pem = read.optional('PASSPORT_PUBLIC_KEY');
  if (pem === undefined) return undefined;
  if (!read.isSet('PASSPORT_DATABASE_URL')) {
    read.problem('PASSPORT_PUBLIC_KEY requires PASSPORT_DATABASE_URL');
  }
  // Environment files have a PEM on one line, with \n for line breaks.
  const publicKey = pem.replaceAll('\\n', '\n');
  const key = readPem(publicKey, algorithm);
  if ('problem' in key) read.problem(`PASSPORT_PUBLIC_KEY ${key.problem}`);
  return publicKey;
}
