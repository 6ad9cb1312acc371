import type { FastifyRequest } from 'fastify';
import type { ChannelAuthRequest } from '../authorize/auth-request.ts';
import {
  decideChannel,
  type AuthorizeDeps,
  type DecideDeps,
} from '../authorize/authorize-channel.ts';
import { check, refuse, type Decision, type Grant } from '../policy/decision.ts';
import type { Principal } from '../policy/principal.ts';
import { closeCodes } from './close-codes.ts';
import type { RevalidationResult } from './revalidation.ts';

/** A request that was granted a connection. */
export interface Authorized {
  readonly request: FastifyRequest;
  readonly authRequest: ChannelAuthRequest;
  readonly grant: Grant;
}

interface OpenDoor extends Authorized {
  /** The channel that now authorizes the path; `undefined` if the policy no longer has the path. */
  readonly channelName: string | undefined;
}

/** Authorizes the same request again. Only a refusal is recorded: otherwise an open page would fill the audit log. */
export async function reauthorize(
  door: OpenDoor,
  deps: DecideDeps & Pick<AuthorizeDeps, 'writeDecision'>,
): Promise<RevalidationResult> {
  const { request, authRequest } = door;
  const decision = await decideAgain(door, deps);
  if (decision.outcome === 'grant') return { expiresAt: decision.principal.expiresAt };
  // Close the connection even if the audit log is unavailable.
  await deps.writeDecision(decision, authRequest.origin).catch((error: unknown) => {
    request.log.error(
      { err: error, decisionId: decision.id },
      'a refusal could not be written to the audit log',
    );
  });
  const hasExpired = sessionExpiredCodes.has(decision.code);
  return { closeCode: hasExpired ? closeCodes.credentialExpired : closeCodes.accessRevoked };
}

async function decideAgain(
  { authRequest, grant, channelName }: OpenDoor,
  deps: DecideDeps,
): Promise<Decision> {
  if (channelName === undefined) {
    const checks = [check('policy has the path', false)];
    const policy = deps.policy().hash;
    return refuse({ ...grant, id: deps.newId(), policy, checks }, 'not-allowed');
  }
  const decision = await decideChannel({ ...authRequest, channelName }, deps);
  if (decision.outcome === 'refusal' || isSame(decision.principal, grant.principal)) {
    return decision;
  }
  const checks = [...decision.checks, check('session has the same principal', false)];
  return refuse({ ...decision, checks }, 'not-allowed');
}

/** The upstream server has the identity of the first principal, so the connection must not pass to another. */
function isSame(now: Principal, before: Principal): boolean {
  return now.kind === before.kind && now.id === before.id;
}

/** The refusals after a logout, a changed password or the end of a session. */
const sessionExpiredCodes: ReadonlySet<string> = new Set([
  'credential-expired',
  'credential-rejected',
]);
