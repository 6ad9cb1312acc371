import type { Credential, Identify } from '../authn/credential.ts';
import type { Decision } from '../policy/decision.ts';
import { maxTime, type Principal } from '../policy/principal.ts';
import { Secret } from '../runtime/secret.ts';
import type { ChannelAuthRequest } from './auth-request.ts';
import { decideChannel, type DecideDeps } from './authorize-channel.ts';

/** A principal that is given without a credential. */
export type NamedPrincipal = Pick<Principal, 'kind' | 'id' | 'tenantId' | 'roles'>;

export interface ExplainRequest {
  readonly channelName: string;
  readonly socketId: string;
  readonly tenantIds: readonly string[];
  readonly by: Credential | NamedPrincipal;
}

/**
 * Evaluates a request now, with current facts, without an audit row, limits or a question to the application: a check of
 * the application fails. Throws `Unavailable`.
 */
export function explainChannel(
  { channelName, socketId, tenantIds, by }: ExplainRequest,
  deps: DecideDeps,
): Promise<Decision> {
  const credential = 'text' in by ? by : { kind: 'bearer' as const, text: new Secret('') };
  const request: ChannelAuthRequest = {
    ...{ channelName, socketId, credentials: [credential], constraints: { tenantIds } },
    origin: { requestId: 'explain', address: '127.0.0.1' },
  };
  const identify = 'text' in by ? deps.identify : identifyAs(by, deps.now());
  return decideChannel(request, {
    ...{ ...deps, identify },
    ask: () => Promise.resolve({ isYes: false }),
  });
}

/** As with a credential that was issued now, so that an earlier revocation does not apply. */
function identifyAs(named: NamedPrincipal, issuedAt: number): Identify {
  return () => Promise.resolve({ principal: { ...named, issuedAt, expiresAt: maxTime } });
}
