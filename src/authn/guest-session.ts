import { hashGuestSessionToken, type GuestSessionStore } from './guest-session-token.ts';
import type { CredentialReader } from './credential.ts';

/** Creates the reader of guest sessions' tokens. Throws `Unavailable` if the store is unavailable. */
export function createGuestSessionReader(
  sessions: Pick<GuestSessionStore, 'find'>,
  now: () => number,
): CredentialReader {
  return async (text) => {
    const tokenHash = hashGuestSessionToken(text);
    if (tokenHash === undefined) return { fault: 'credential-malformed' };
    const session = await sessions.find(tokenHash);
    if (session === undefined || session.endedAt !== undefined) {
      return { fault: 'credential-rejected' };
    }
    const { sessionId, linkedUserId, linkedTenantId, createdAt, expiresAt } = session;
    if (expiresAt <= now()) return { fault: 'credential-expired' };
    return {
      principal: {
        kind: 'guest-session',
        id: sessionId,
        roles: [],
        issuedAt: createdAt,
        expiresAt,
        ...(linkedUserId !== undefined && {
          linkedUser: { id: linkedUserId, tenantId: linkedTenantId },
        }),
      },
    };
  };
}
