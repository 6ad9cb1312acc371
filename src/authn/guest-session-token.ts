import { createHash } from 'node:crypto';

const prefix = 'guest_';

/** How many random bytes a guest session's token is made of: 256 bits. */
export const guestSessionTokenBytes = 32;

/** A guest session as it is kept: only the hash of its token. Times in milliseconds since the epoch. */
export interface GuestSessionRecord {
  readonly sessionId: string;
  readonly tokenHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly endedAt?: number;
  readonly linkedUserId?: string;
  /** The tenant of that user. */
  readonly linkedTenantId?: string;
}

/** Keeps guest sessions. All methods throw `Unavailable`. */
export interface GuestSessionStore {
  readonly start: (session: GuestSessionRecord) => Promise<void>;
  readonly find: (tokenHash: string) => Promise<GuestSessionRecord | undefined>;
  /**
   * Links a session that has not ended to a user, who becomes a participant of its rooms in the same step, but for rooms of
   * another tenant. False when it has ended, or is another user's already.
   */
  readonly link: (
    sessionId: string,
    user: { readonly userId: string; readonly tenantId?: string | undefined },
  ) => Promise<boolean>;
  /** Ends a session; ending it again changes nothing. */
  readonly end: (sessionId: string, at: number) => Promise<void>;
}

/** Makes the token of a guest session, `guest_` and 64 hexadecimal digits, and the hash under which it is kept. */
export function createGuestSessionToken(bytes: Uint8Array): {
  readonly token: string;
  readonly tokenHash: string;
} {
  const token = prefix + Buffer.from(bytes).toString('hex');
  return { token, tokenHash: sha256(token) };
}

/** The hash under which a guest session is kept, if the text has the form of its token. */
export function hashGuestSessionToken(text: string): string | undefined {
  return /^guest_[0-9a-f]{64}$/.test(text) ? sha256(text) : undefined;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
