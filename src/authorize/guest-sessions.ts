import type { Origin, WriteDecision } from '../audit/audit-event.ts';
import type { Credential } from '../authn/credential.ts';
import {
  guestSessionTokenBytes,
  createGuestSessionToken,
  type GuestSessionStore,
} from '../authn/guest-session.ts';
import {
  refuse,
  type DecisionBase,
  type PlainGrant,
  type Refusal,
  type RefusalCode,
} from '../policy/decision.ts';
import type { Principal } from '../policy/principal.ts';
import { authenticate, ofTenant, type AuthenticateDeps } from './authenticate.ts';

export interface GuestSessionDeps extends AuthenticateDeps {
  readonly sessions: GuestSessionStore;
  readonly writeDecision: WriteDecision;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly guestSessionLifetimeMs: number;
}

/** A new session. No other response has its token. */
interface StartedSession {
  readonly sessionId: string;
  readonly token: string;
  readonly expiresAt: number;
}

interface LinkedSession extends PlainGrant {
  readonly sessionId: string;
  readonly userId: string;
}

/** Creates a guest session. Throws `Unavailable`. */
export async function startGuestSession(deps: GuestSessionDeps): Promise<StartedSession> {
  const { token, tokenHash } = createGuestSessionToken(deps.randomBytes(guestSessionTokenBytes));
  const createdAt = deps.now();
  const expiresAt = createdAt + deps.guestSessionLifetimeMs;
  const sessionId = deps.newId();
  await deps.sessions.start({ sessionId, tokenHash, createdAt, expiresAt });
  return { sessionId, token, expiresAt };
}

/** The user and the guest session of a login. */
interface LinkRequest {
  readonly user: readonly Credential[];
  readonly guest: readonly Credential[];
  readonly origin: Origin;
}

/**
 * Links a guest session to the user at login: from then on rules see the user of the session. The decision is in the audit
 * log when this resolves. Throws `Unavailable`.
 */
export async function linkGuestSession(
  request: LinkRequest,
  deps: GuestSessionDeps,
): Promise<Refusal | LinkedSession> {
  const decision = await link(request, deps);
  await deps.writeDecision(decision, request.origin);
  return decision;
}

/**
 * Ends a guest session at logout: its token is rejected from then on. The decision is in the audit log when this resolves.
 * Throws `Unavailable`.
 */
export async function endGuestSession(
  { guest, origin }: Pick<LinkRequest, 'guest' | 'origin'>,
  deps: GuestSessionDeps,
): Promise<Refusal | PlainGrant> {
  const decision = await end(guest, deps);
  await deps.writeDecision(decision, origin);
  return decision;
}

async function link(
  { user, guest }: LinkRequest,
  deps: GuestSessionDeps,
): Promise<Refusal | LinkedSession> {
  const action = 'link-guest-session';
  const attempt: DecisionBase = { id: deps.newId(), action, checks: [] };
  const authenticated = await authenticate(user, deps);
  if ('code' in authenticated)
    return refuse({ ...attempt, ...authenticated.known }, authenticated.code);
  const { principal, checks } = authenticated;
  const known = { ...attempt, checks, principal, ...ofTenant(principal.tenantId) };
  if (principal.kind !== 'user') return refuse(known, 'wrong-kind');
  const session = await authenticateGuest(guest, deps);
  if ('code' in session) return refuse(known, session.code);
  const { id: sessionId } = session;
  const isLinked = await deps.sessions.link(sessionId, {
    userId: principal.id,
    tenantId: principal.tenantId,
  });
  // The session is linked to another user: two users must not share the channels of a guest.
  if (!isLinked) return refuse(known, 'not-allowed');
  return { ...known, outcome: 'grant', action, principal, sessionId, userId: principal.id };
}

async function end(
  guest: readonly Credential[],
  deps: GuestSessionDeps,
): Promise<Refusal | PlainGrant> {
  const action = 'end-guest-session';
  const attempt: DecisionBase = { id: deps.newId(), action, checks: [] };
  const session = await authenticateGuest(guest, deps);
  if ('code' in session) return refuse({ ...attempt, ...session.known }, session.code);
  await deps.sessions.end(session.id, deps.now());
  return { ...attempt, outcome: 'grant', action, principal: session };
}

async function authenticateGuest(
  credentials: readonly Credential[],
  deps: AuthenticateDeps,
): Promise<Principal | { readonly code: RefusalCode; readonly known: Partial<DecisionBase> }> {
  const authenticated = await authenticate(credentials, deps);
  if ('code' in authenticated) return authenticated;
  const { principal } = authenticated;
  return principal.kind === 'guest-session'
    ? principal
    : { code: 'wrong-kind', known: { principal } };
}
