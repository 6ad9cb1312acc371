import type { RecordDecision } from '../core/audit-event.ts';
import { check, firstFailed, refuse, type Judged, type SignInDecision } from '../core/decision.ts';
import { memberFits } from '../core/member.ts';
import { tenantOf } from '../core/principal.ts';
import type { SignInQuestion } from '../core/question.ts';
import { parseSocketId } from '../core/socket-id.ts';
import { withinLimits, type CountGrant } from './count-grant.ts';
import {
  establishPrincipal,
  ofTenant,
  tenantChecks,
  type EstablishPorts,
} from './establish-principal.ts';
import type { HoldGrant } from './hold-grant.ts';

/** Whom this action asks. */
export interface AuthenticateUserPorts extends EstablishPorts {
  /** Makes sure that what was granted can be ended. */
  readonly hold: HoldGrant;
  readonly record: RecordDecision;
  readonly countGrant: CountGrant;
  readonly newId: () => string;
}

/** Who is this socket's user? Throws `Unavailable` when that could not be found out. */
export type AuthenticateUser = (question: SignInQuestion) => Promise<SignInDecision>;

/** The one place where sign-ins (`pusher.signin()`) are granted; every decision is recorded before it leaves. */
export function createAuthenticateUser(ports: AuthenticateUserPorts): AuthenticateUser {
  return async (question) => {
    const decideOnce = () => decide(question, ports);
    const counted = await withinLimits(await decideOnce(), {
      count: (grant) => ports.countGrant(grant, question.origin),
      decideAgain: decideOnce,
    });
    const decision = await ports.hold(counted, ports.revocations);
    await ports.record(decision, question.origin);
    return decision;
  };
}

async function decide(
  question: SignInQuestion,
  ports: AuthenticateUserPorts,
): Promise<SignInDecision> {
  const unread: Judged = { id: ports.newId(), action: 'sign-in', checks: [] };
  const socketId = parseSocketId(question.socketId);
  if (socketId === undefined) return refuse(unread, 'malformed-socket-id');

  const established = await establishPrincipal(question.credentials, ports);
  if ('code' in established) {
    return refuse({ ...unread, ...established.known, socketId }, established.code);
  }
  const { principal } = established;
  const known = { ...unread, socketId, principal, ...ofTenant(tenantOf(principal)) };
  // A guest is not a user of the host: nobody could send anything to "the user" of a booking.
  if (principal.kind !== 'user' && principal.kind !== 'visitor') return refuse(known, 'wrong-kind');

  const member = {
    user_id: principal.userId,
    ...(principal.name !== undefined && { user_info: { name: principal.name } }),
  };
  const checks = [
    ...tenantChecks(question.pinned, principal, undefined),
    check('what is shown of the visitor fits', memberFits(member)),
  ];
  const failed = firstFailed(checks);
  if (failed) return refuse({ ...known, checks }, failed.code);
  return { ...known, checks, outcome: 'grant', action: 'sign-in', member };
}
