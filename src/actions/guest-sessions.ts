import type { Origin, RecordDecision } from '../core/audit-event.ts';
import type { PresentedCredential } from '../core/credential.ts';
import {
  refuse,
  type Judged,
  type PlainGrant,
  type Refusal,
  type RefusalCode,
} from '../core/decision.ts';
import {
  guestSessionBytes,
  makeGuestToken,
  type GuestSessionStore,
} from '../core/guest-session.ts';
import { tenantOf, type GuestSession } from '../core/principal.ts';
import { establishPrincipal, ofTenant, type EstablishPorts } from './establish-principal.ts';

/** Whom these actions ask. */
export interface GuestSessionPorts extends EstablishPorts {
  readonly sessions: GuestSessionStore;
  readonly record: RecordDecision;
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

/** A session that is linked to a user now. */
export interface LinkedSession extends PlainGrant {
  readonly sessionId: string;
  readonly userId: string;
}

/** What a guest session can do with itself. All throw `Unavailable`; linking and ending are on record before they resolve. */
export interface GuestSessionActions {
  readonly start: () => Promise<StartedSession>;
  /** Links the guest's session to the user at login: the user takes part in its rooms from then on. */
  readonly link: (asked: {
    readonly user: readonly PresentedCredential[];
    readonly guest: readonly PresentedCredential[];
    readonly origin: Origin;
  }) => Promise<Refusal | LinkedSession>;
  /** Ends the guest's session at logout: its token opens nothing any more. */
  readonly end: (asked: {
    readonly guest: readonly PresentedCredential[];
    readonly origin: Origin;
  }) => Promise<Refusal | PlainGrant>;
}

/** Creates the actions on guest sessions (system D). */
export function createGuestSessionActions(ports: GuestSessionPorts): GuestSessionActions {
  const { record } = ports;
  return {
    start: async () => {
      const { token, tokenHash } = makeGuestToken(ports.randomBytes(guestSessionBytes));
      const createdAt = ports.now();
      const expiresAt = createdAt + ports.lifetime;
      const sessionId = ports.newId();
      await ports.sessions.start({ sessionId, tokenHash, createdAt, expiresAt });
      return { sessionId, token, expiresAt };
    },

    link: async ({ origin, ...shown }) => {
      const decision = await link(shown, ports);
      await record(decision, origin);
      return decision;
    },

    end: async ({ guest, origin }) => {
      const decision = await end(guest, ports);
      await record(decision, origin);
      return decision;
    },
  };
}

async function link(
  { user, guest }: Omit<Parameters<GuestSessionActions['link']>[0], 'origin'>,
  ports: GuestSessionPorts,
): Promise<Refusal | LinkedSession> {
  const action = 'link-guest-session';
  const unread: Judged = { id: ports.newId(), action, checks: [] };
  const established = await establishPrincipal(user, ports);
  if ('code' in established) return refuse({ ...unread, ...established.known }, established.code);
  const { principal } = established;
  const known = { ...unread, principal, ...ofTenant(tenantOf(principal)) };
  if (principal.kind !== 'user') return refuse(known, 'wrong-kind');
  const session = await establishSession(guest, ports);
  if ('code' in session) return refuse(known, session.code);
  const { sessionId } = session;
  const isLinked = await ports.sessions.link(sessionId, principal);
  // Another user's by now: two people must not share a guest's rooms.
  if (!isLinked) return refuse(known, 'not-allowed');
  return { ...known, outcome: 'grant', action, principal, sessionId, userId: principal.userId };
}

async function end(
  guest: readonly PresentedCredential[],
  ports: GuestSessionPorts,
): Promise<Refusal | PlainGrant> {
  const action = 'end-guest-session';
  const unread: Judged = { id: ports.newId(), action, checks: [] };
  const session = await establishSession(guest, ports);
  if ('code' in session) return refuse({ ...unread, ...session.known }, session.code);
  await ports.sessions.end(session.sessionId, ports.now());
  return { ...unread, outcome: 'grant', action, principal: session };
}

async function establishSession(
  credentials: readonly PresentedCredential[],
  ports: EstablishPorts,
): Promise<GuestSession | { readonly code: RefusalCode; readonly known: Partial<Judged> }> {
  const established = await establishPrincipal(credentials, ports);
  if ('code' in established) return established;
  const { principal } = established;
  return principal.kind === 'guest-session'
    ? principal
    : { code: 'wrong-kind', known: { principal } };
}
