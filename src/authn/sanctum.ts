import { createHash } from 'node:crypto';
import { maxTime } from '../policy/principal.ts';
import { readId } from './claims.ts';
import { equalsConstantTime } from './constant-time.ts';
import type { CredentialReader } from './identify.ts';
import type { FindPersonalAccessToken, PersonalAccessToken } from './personal-access-token.ts';

/** The Sanctum settings of the host. */
export interface SanctumSettings {
  readonly find: FindPersonalAccessToken;
  /**
   * The only model whose tokens are accepted, such as `App\Models\User`. The same key of another model is a different
   * user.
   */
  readonly tokenableType: string;
  /** The tenant of all users of the host, if there is one. Sanctum tokens contain no tenant. */
  readonly tenantId?: string;
  /** The host's `sanctum.expiration`, in milliseconds after the token's creation. */
  readonly expirationMs?: number;
  readonly now: () => number;
}

const rejected = { fault: 'credential-rejected' } as const;

/**
 * Creates the reader of Laravel Sanctum's API tokens, `<id>|<secret>`, with the rules of its `Guard`. The older form
 * without an id is refused. Abilities are ignored, because they apply to the host's own routes.
 */
export function createSanctumReader(settings: SanctumSettings): CredentialReader {
  return async (text) => {
    const [, id, secret] = /^([1-9][0-9]{0,18})\|([!-~]{1,255})$/.exec(text) ?? [];
    if (id === undefined || secret === undefined) return { fault: 'credential-malformed' };
    const token = await settings.find(id);
    if (token === undefined || !equalsConstantTime(sha256(secret), token.hash)) return rejected;
    const userId = readId(token.tokenableId);
    if (userId === undefined || token.tokenableType !== settings.tokenableType) return rejected;
    const expiresAt = expiryOf(token, settings.expirationMs);
    if (expiresAt <= settings.now()) return { fault: 'credential-expired' };
    const issued = token.createdAt === null ? {} : { issuedAt: token.createdAt };
    return {
      principal: {
        kind: 'user',
        id: userId,
        ...(settings.tenantId !== undefined && { tenantId: settings.tenantId }),
        roles: [],
        tokenId: `sanctum:${id}`,
        ...issued,
        expiresAt,
      },
    };
  };
}

/** Creates the reader of both kinds of bearer token. Only Sanctum tokens contain a `|`. A JWT cannot contain it. */
export function firstAcceptedBearer(
  jwt: CredentialReader,
  sanctum: CredentialReader,
): CredentialReader {
  return (text) => (text.includes('|') ? sanctum(text) : jwt(text));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Returns the earlier of the token's own expiry and the host's general one. */
function expiryOf({ createdAt, expiresAt }: PersonalAccessToken, expirationMs?: number): number {
  // Without a creation time the general expiry is unknown, so the token counts as expired.
  const general = expirationMs === undefined ? maxTime : (createdAt ?? -Infinity) + expirationMs;
  return Math.min(expiresAt ?? maxTime, general);
}
