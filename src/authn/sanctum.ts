import { createHash } from 'node:crypto';
import { maxTime } from '../policy/principal.ts';
import { readId } from './claims.ts';
import { equalsConstantTime } from './constant-time.ts';
import type { CredentialReader } from './identify.ts';
import type { FindPersonalAccessToken, PersonalAccessToken } from './personal-access-token.ts';

/** How the host's Sanctum is set up. */
export interface SanctumSettings {
  readonly find: FindPersonalAccessToken;
  /** The one model whose tokens count, such as `App\Models\User`: another one's key 15 is somebody else. */
  readonly tokenableType: string;
  /** The tenant that every user of the host belongs to, where there is one: the tokens name none. */
  readonly tenantId?: string;
  /** The host's `sanctum.expiration`, in milliseconds from the token's creation. */
  readonly expirationMs?: number;
  readonly now: () => number;
}

const rejected = { fault: 'credential-rejected' } as const;

/**
 * Makes the reader of Laravel Sanctum's API tokens, `<id>|<secret>`, by the rules of its `Guard`. The older form without an id is not read.
 * A token's abilities are not looked at: they are the host's words for its own routes.
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
        userId,
        ...(settings.tenantId !== undefined && { tenantId: settings.tenantId }),
        roles: [],
        tokenId: `sanctum:${id}`,
        ...issued,
        expiresAt,
      },
    };
  };
}

/** Makes the reader of both kinds of bearer token: only Sanctum's have a `|`, which no JWT can hold. */
export function firstAcceptedBearer(
  jwt: CredentialReader,
  sanctum: CredentialReader,
): CredentialReader {
  return (text) => (text.includes('|') ? sanctum(text) : jwt(text));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The earlier of the token's own end and the host's general one. */
function expiryOf({ createdAt, expiresAt }: PersonalAccessToken, expirationMs?: number): number {
  // Without its creation the general end cannot be known, so it counts as passed.
  const general = expirationMs === undefined ? maxTime : (createdAt ?? -Infinity) + expirationMs;
  return Math.min(expiresAt ?? maxTime, general);
}
