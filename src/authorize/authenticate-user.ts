import type { WriteDecision } from '../audit/audit-event.ts';
import { firstFailed, refuse, type DecisionBase, type SignInDecision } from '../policy/decision.ts';
import { memberAt } from '../policy/member.ts';
import { parseSocketId } from '../policy/pusher-names.ts';
import { withinLimits, type RateLimitGrant } from '../rate-limit/grants.ts';
import type { UserAuthRequest } from './auth-request.ts';
import { authenticate, ofTenant, tenantChecks, type AuthenticateDeps } from './authenticate.ts';
import type { UserIdOf } from './evaluate.ts';
import type { Measure } from './measure.ts';
import type { TrackConnection } from './revocation/track-connection.ts';

export interface AuthenticateUserDeps extends AuthenticateDeps {
  readonly rateLimitGrant: RateLimitGrant;
  readonly trackConnection: TrackConnection;
  readonly userIdOf: UserIdOf;
  readonly writeDecision: WriteDecision;
  readonly measure: Measure;
  readonly newId: () => string;
}

/**
 * Authenticates the user of this socket (`pusher.signin()`). The decision is in the audit log when this resolves. Throws
 * `Unavailable`.
 */
export function authenticateUser(
  request: UserAuthRequest,
  deps: AuthenticateUserDeps,
): Promise<SignInDecision> {
  return deps.measure('sign-in', async () => {
    const evaluated = await decide(request, deps);
    const limited = await withinLimits(
      evaluated,
      (grant) => deps.rateLimitGrant(grant, request.origin),
      () => decide(request, deps),
    );
    const decision = await deps.trackConnection(limited, deps.revocations);
    await deps.writeDecision(decision, request.origin);
    return decision;
  });
}

async function decide(
  request: UserAuthRequest,
  deps: AuthenticateUserDeps,
): Promise<SignInDecision> {
  const attempt: DecisionBase = { id: deps.newId(), action: 'sign-in', checks: [] };
  const socketId = parseSocketId(request.socketId);
  if (socketId === undefined) return refuse(attempt, 'malformed-socket-id');

  const authenticated = await authenticate(request.credentials, deps);
  if ('code' in authenticated) {
    return refuse({ ...attempt, ...authenticated.known, socketId }, authenticated.code);
  }
  const { principal } = authenticated;
  const known = { ...attempt, socketId, principal, ...ofTenant(principal.tenantId) };
  // Other kinds are not users of the application, so messages to a user cannot be sent to them.
  if (principal.kind !== 'user' && principal.kind !== 'visitor') return refuse(known, 'wrong-kind');

  const user = {
    user_id: principal.id,
    ...(principal.name !== undefined && { user_info: { name: principal.name } }),
  };
  const userId = deps.userIdOf(principal.tenantId, principal.id);
  const { member, checks: ofMember } = memberAt(user, userId);
  const checks = [
    ...authenticated.checks,
    ...tenantChecks(request.constraints.tenantIds, principal, undefined),
    ...ofMember,
  ];
  const failed = firstFailed(checks);
  if (failed !== undefined || member === undefined) {
    return refuse({ ...known, checks }, failed?.code ?? 'not-allowed');
  }
  return { ...known, checks, outcome: 'grant', action: 'sign-in', member };
}
