import type { PresentedCredential } from '../core/credential.ts';
import type { RefusalCode } from '../core/decision.ts';
import {
  guestSessionBytes,
  makeGuestToken,
  type GuestSessionStore,
} from '../core/guest-session.ts';
import type { GuestSession } from '../core/principal.ts';
import { establishPrincipal, type EstablishPorts } from './establish-principal.ts';

/** Whom these actions ask. */
export interface GuestSessionPorts extends EstablishPorts {
  readonly sessions: GuestSessionStore;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long a guest session lives, in milliseconds. */
  readonly lifetime: number;
}

/** A session that was just started; its token is shown this once. */
export interface StartedSession {
  readonly sessionId: string;
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a guest session can do with itself. All throw `Unavailable`. */
export interface GuestSessionActions {
  readonly start: () => Promise<StartedSession>;
  /** Links the guest's session to the user at login: the user takes part in its rooms from then on. */
  readonly link: (both: {
    readonly user: readonly PresentedCredential[];
    readonly guest: readonly PresentedCredential[];
  }) => Promise<RefusalCode | { readonly sessionId: string; readonly userId: string }>;
  /** Ends the guest's session at logout: its token opens nothing any more. */
  readonly end: (guest: readonly PresentedCredential[]) => Promise<RefusalCode | 'ended'>;
}

/** Creates the actions on guest sessions (system D). */
export function createGuestSessionActions(ports: GuestSessionPorts): GuestSessionActions {
  return {
    start: async () => {
      const { token, tokenHash } = makeGuestToken(ports.randomBytes(guestSessionBytes));
      const createdAt = ports.now();
      const expiresAt = createdAt + ports.lifetime;
      const sessionId = ports.newId();
      await ports.sessions.start({ sessionId, tokenHash, createdAt, expiresAt });
      return { sessionId, token, expiresAt };
    },

    link: async ({ user, guest }) => {
      const established = await establishPrincipal(user, ports);
      if ('code' in established) return established.code;
      const { principal } = established;
      if (principal.kind !== 'user') return 'wrong-kind';
      const session = await establishSession(guest, ports);
      if (typeof session === 'string') return session;
      const linked = await ports.sessions.link(session.sessionId, principal);
      // Another user's by now: two people must not share a guest's rooms.
      return linked ? { sessionId: session.sessionId, userId: principal.userId } : 'not-allowed';
    },

    end: async (guest) => {
      const session = await establishSession(guest, ports);
      if (typeof session === 'string') return session;
      await ports.sessions.end(session.sessionId, ports.now());
      return 'ended';
    },
  };
}

async function establishSession(
  credentials: readonly PresentedCredential[],
  ports: EstablishPorts,
): Promise<GuestSession | RefusalCode> {
  const established = await establishPrincipal(credentials, ports);
  if ('code' in established) return established.code;
  return established.principal.kind === 'guest-session' ? established.principal : 'wrong-kind';
}
