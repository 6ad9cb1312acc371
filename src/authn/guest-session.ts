import { expired, malformed, rejected, type CredentialReader } from './credential.ts';
import { createHash } from 'node:crypto';

const prefix = 'guest_';

/** The random bytes of a guest session's token: 256 bits. */
export const guestSessionTokenBytes = 32;

/** A stored guest session. It contains only the hash of the token. Times are in milliseconds since the epoch. */
export interface GuestSessionRecord {
  readonly sessionId: string;
  readonly tokenHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly endedAt?: number;
  readonly linkedUserId?: string;
  readonly linkedTenantId?: string;
}

/** Stores guest sessions. All methods throw `Unavailable`. */
export interface GuestSessionStore {
  readonly start: (session: GuestSessionRecord) => Promise<void>;
  readonly find: (tokenHash: string) => Promise<GuestSessionRecord | undefined>;
  /**
   * Links an active session to a user; from then on rules read that user. Returns false if the session has ended or is linked to
   * another user.
   */
  readonly link: (
    sessionId: string,
    user: { readonly userId: string; readonly tenantId?: string | undefined },
  ) => Promise<boolean>;
  /** Ends a session. Ending it again has no effect. */
  readonly end: (sessionId: string, at: number) => Promise<void>;
}

/** Creates the token of a guest session, `guest_` and 64 hexadecimal digits, and the hash that is stored. */
export function createGuestSessionToken(bytes: Uint8Array): {
  readonly token: string;
  readonly tokenHash: string;
} {
  const token = prefix + Buffer.from(bytes).toString('hex');
  return { token, tokenHash: sha256(token) };
}

/**
 * Returns the stored hash of a guest session's token. Returns `undefined` if the text does not have the form of a
 * token.
 */
export function hashGuestSessionToken(text: string): string | undefined {
  return /^guest_[0-9a-f]{64}$/.test(text) ? sha256(text) : undefined;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Creates the reader of guest sessions' tokens. Throws `Unavailable` if the store is unavailable. */
export function createGuestSessionReader(
  sessions: Pick<GuestSessionStore, 'find'>,
  now: () => number,
): CredentialReader {
  return async (text) => {
    const tokenHash = hashGuestSessionToken(text);
    if (tokenHash === undefined) return malformed('guest session is a token of Usher’s form');
    const session = await sessions.find(tokenHash);
    if (session === undefined) return rejected('guest session exists');
    if (session.endedAt !== undefined) return rejected('guest session has not been ended');
    const { sessionId, linkedUserId, linkedTenantId, createdAt, expiresAt } = session;
    if (expiresAt <= now()) return expired('guest session has not expired');
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
