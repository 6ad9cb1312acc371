import { createHash } from 'node:crypto';
import { maxTime } from '../policy/principal.ts';
import { describeType } from '../runtime/describe-type.ts';
import { idForm, readId } from './claims.ts';
import { equalsConstantTime } from './constant-time.ts';
import { expired, malformed, rejected, type CredentialReader } from './credential.ts';

/** A row of Laravel Sanctum's `personal_access_tokens`. Times are in milliseconds since the epoch. */
export interface PersonalAccessToken {
  readonly id: string;
  /** SHA-256 of the token without its id, in hex. */
  readonly hash: string;
  /** The class of the model that owns the token, such as `App\Models\User`, and its key. */
  readonly tokenableType: string;
  readonly tokenableId: unknown;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
}

/** Both functions return `undefined` if there is no such row, and throw `Unavailable` if the database does not respond. */
export interface PersonalAccessTokens {
  /** Finds a row by its whole id. */
  readonly byId: (id: string) => Promise<PersonalAccessToken | undefined>;
  /** Finds a row by its hash. */
  readonly byHash: (hash: string) => Promise<PersonalAccessToken | undefined>;
}

/** The Sanctum settings of the application. */
export interface SanctumSettings {
  readonly tokens: PersonalAccessTokens;
  /**
   * The only model whose tokens are accepted, such as `App\Models\User`. The same key of another model is a different
   * user.
   */
  readonly tokenableType: string;
  /** The tenant of all users of the application, if there is one. Sanctum tokens contain no tenant. */
  readonly tenantId?: string;
  /** The application's `sanctum.expiration`, in milliseconds after the token's creation. */
  readonly expirationMs?: number;
  readonly now: () => number;
}

/**
 * Creates the reader of Laravel Sanctum's API tokens, with the rules of its `Guard`: `<id>|<secret>`, or the secret alone,
 * which applications show if they hide the id. Ids are numbers, UUIDs or ULIDs. Abilities are ignored, because they
 * apply to the application's own routes.
 */
export function createSanctumReader(settings: SanctumSettings): CredentialReader {
  return async (text) => {
    const [, id, secret] = /^(?:([A-Za-z0-9_-]{1,64})\|)?([!-~]{1,255})$/.exec(text) ?? [];
    // A secret may contain a `|`, but only behind an id, as in Laravel.
    if (secret === undefined || (id === undefined && secret.includes('|'))) {
      return malformed('token has the form of Sanctum’s');
    }
    const hash = sha256(secret);
    const token = await (id === undefined
      ? settings.tokens.byHash(hash)
      : settings.tokens.byId(id));
    if (token === undefined) return rejected('token has a row in personal_access_tokens');
    if (!equalsConstantTime(hash, token.hash)) return rejected('token has the hash of its row');
    return readToken(token, settings);
  };
}

function readToken(
  token: PersonalAccessToken,
  settings: SanctumSettings,
): Awaited<ReturnType<CredentialReader>> {
  const { tokenableId, tokenableType, createdAt } = token;
  if (tokenableType !== settings.tokenableType) {
    return rejected('tokenable_type of the token is SANCTUM_TOKENABLE_TYPE');
  }
  const userId = readId(tokenableId);
  if (userId === undefined) {
    return rejected(`tokenable_id of the token is ${idForm}: found ${describeType(tokenableId)}`);
  }
  const { expirationMs, now, tenantId } = settings;
  const expiresAt = expiryOf(token, expirationMs);
  // `!(a > b)` also refuses a time that could not be read.
  if (!(expiresAt > now())) return expired(expiryDetail(token, now()));
  return {
    principal: {
      kind: 'user',
      id: userId,
      ...(tenantId !== undefined && { tenantId }),
      roles: [],
      tokenId: `sanctum:${token.id}`,
      ...(createdAt !== null && { issuedAt: createdAt }),
      expiresAt,
    },
  };
}

function expiryDetail({ expiresAt }: PersonalAccessToken, now: number): string {
  return expiresAt === null || expiresAt > now
    ? 'created_at of the token plus SANCTUM_EXPIRATION is in the future'
    : 'expires_at of the token is in the future';
}

/**
 * Creates the reader of both kinds of bearer token. Only a JWT has three parts between dots, and only Sanctum's tokens
 * contain a `|`.
 */
export function firstAcceptedBearer(
  jwt: CredentialReader,
  sanctum: CredentialReader,
): CredentialReader {
  return (text, principal) =>
    /^[^|.]*\.[^|.]*\.[^|]*$/.test(text) ? jwt(text, principal) : sanctum(text);
}

/** Without a database of Sanctum, its tokens are of a kind that is not configured: the application may still decide about them. */
export function exceptSanctum(jwt: CredentialReader): CredentialReader {
  return (text, principal) =>
    text.includes('|')
      ? Promise.resolve({ fault: 'credential-not-configured' })
      : jwt(text, principal);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Returns the earlier of the token's own expiry and the application's general one; NaN if one of them could not be read. */
function expiryOf({ createdAt, expiresAt }: PersonalAccessToken, expirationMs?: number): number {
  // Without a creation time the general expiry is unknown, so the token counts as expired.
  const general = expirationMs === undefined ? maxTime : (createdAt ?? -Infinity) + expirationMs;
  return Math.min(expiresAt ?? maxTime, general);
}
