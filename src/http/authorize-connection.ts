import type { FastifyRequest } from 'fastify';
import type { ChannelAuthRequest } from '../authorize/auth-request.ts';
import { authorizeChannel, type AuthorizeDeps } from '../authorize/authorize-channel.ts';
import type { Decision } from '../policy/decision.ts';
import type { CountConnection } from '../rate-limit/request-limits.ts';

export interface AuthorizeConnectionDeps extends AuthorizeDeps {
  /** Counts a connection attempt and resolves to its refund. Throws the error response over the limit. */
  readonly countConnection: CountConnection;
}

/**
 * Authorizes a connection attempt. Only an attempt that is refused or malformed counts against its address: neither a grant
 * nor an outage does. Throws `Unavailable`, and the error response of a malformed request.
 */
export async function authorizeConnection(
  request: FastifyRequest,
  read: (request: FastifyRequest) => ChannelAuthRequest,
  deps: AuthorizeConnectionDeps,
): Promise<{ readonly authRequest: ChannelAuthRequest; readonly decision: Decision }> {
  const refund = await deps.countConnection(request);
  const authRequest = read(request);
  const decision = await authorizeChannel(authRequest, deps).catch(async (error: unknown) => {
    await refund();
    throw error;
  });
  if (decision.outcome === 'grant') await refund();
  return { authRequest, decision };
}
