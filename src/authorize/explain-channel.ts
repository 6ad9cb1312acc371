import type { Credential, Identify } from '../authn/credential.ts';
import { askCheck } from '../policy/ask.ts';
import { applicationVisitor, askOfVisitors } from './application-visitor.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import { firstFailed, type Decision } from '../policy/decision.ts';
import type { Forward } from '../policy/forward.ts';
import { maxTime, type Principal } from '../policy/principal.ts';
import { withoutPermit } from '../runtime/permits.ts';
import { Secret } from '../runtime/secret.ts';
import type { ChannelAuthRequest, RouteConstraints } from './auth-request.ts';
import { decideChannel, type DecideDeps } from './authorize-channel.ts';

/** A principal that is given without a credential. */
type NamedPrincipal = Pick<Principal, 'kind' | 'id' | 'tenantId' | 'roles'>;

export interface ExplainRequest {
  readonly channelName: string;
  readonly socketId: string;
  readonly constraints: RouteConstraints;
  readonly by: Credential | NamedPrincipal;
}

/** Explanations hold no permits, and send no request to the application. */
export type ExplainDeps = Omit<DecideDeps, 'ask' | 'remoteKinds' | 'withLentPermit'>;

/**
 * Evaluates a request now, with current facts, without an audit row, limits or a request to the application, whose
 * check fails. Throws `Unavailable`.
 */
export function explainChannel(
  { channelName, socketId, constraints, by }: ExplainRequest,
  deps: ExplainDeps,
): Promise<Decision> {
  const credential = 'text' in by ? by : { kind: 'bearer' as const, text: new Secret('') };
  const request: ChannelAuthRequest = {
    channelName,
    socketId,
    credentials: [credential],
    constraints,
    origin: { requestId: 'explain', address: '127.0.0.1' },
  };
  const match = deps.policy().channels.matchText(channelName);
  const identify =
    'text' in by ? orApplicationVisitor(deps.identify, match) : identifyAs(by, deps.now());
  return decideChannel(request, {
    ...deps,
    identify,
    remoteKinds: new Set(),
    withLentPermit: withoutPermit,
    // The application would treat the request as one of its visitor.
    ask: () => Promise.resolve({ isGranted: false }),
  });
}

/** Whether only the decision of the application is missing. */
export function isLeftToApplication({ checks }: Decision): boolean {
  return firstFailed(checks)?.name === askCheck;
}

/** A credential that Usher does not read is one of an application visitor, if the channel forwards it to the application. */
function orApplicationVisitor(identify: Identify, match: ChannelMatch | undefined): Identify {
  const ask = match && askOfVisitors(match.channelType);
  if (ask === undefined) return identify;
  return async (credential) => {
    const identified = await identify(credential);
    const isUnread = 'fault' in identified && identified.fault === 'credential-not-configured';
    if (!isUnread || !isForwarded(credential, ask.forward)) return identified;
    return { principal: applicationVisitor('') };
  };
}

function isForwarded({ kind }: Credential, { headers, cookies }: Forward): boolean {
  if (kind === 'session-cookie') return cookies.length > 0 || headers.includes('cookie');
  return kind === 'bearer' && headers.includes('authorization');
}

/** As with a credential that was issued now, so that an earlier revocation does not apply. */
function identifyAs(named: NamedPrincipal, issuedAt: number): Identify {
  return () => Promise.resolve({ principal: { ...named, issuedAt, expiresAt: maxTime } });
}
