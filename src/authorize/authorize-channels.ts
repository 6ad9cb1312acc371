import type { Decision } from '../policy/decision.ts';
import type { Credential } from '../authn/credential.ts';
import { withoutPermit } from '../runtime/permits.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { BatchAuthRequest } from './auth-request.ts';
import {
  authenticate,
  type Authenticated,
  type AuthenticateBy,
  type AuthenticateDeps,
} from './authenticate.ts';
import { authorizeOne, type AuthorizeDeps } from './authorize-channel.ts';

/** The decision for each channel name of a batch, or `Unavailable`. */
export type BatchDecisions = ReadonlyMap<string, Decision | Unavailable>;

/**
 * Authorizes several channels of one socket. The credentials are verified once. Each channel has its own decision in the audit
 * log, and a dependency that is unavailable for one channel does not affect the others.
 */
export function authorizeChannels(
  { channelNames, ...request }: BatchAuthRequest,
  deps: AuthorizeDeps,
): Promise<BatchDecisions> {
  const authenticateBy = authenticateOnce(request.credentials, deps);
  return deps.measure('subscribe-batch', async () => {
    const decisions = channelNames.map(async (channelName) => {
      const one = authorizeOne({ ...request, channelName }, authenticateBy, deps);
      return [channelName, await one.catch(onlyUnavailable)] as const;
    });
    return new Map(await Promise.all(decisions));
  });
}

/** Authenticates once per version of the facts, for any number of channels, each of which holds a permit. */
function authenticateOnce(
  credentials: readonly Credential[],
  { identify, remoteKinds, withLentPermit }: Omit<AuthenticateDeps, 'revocations'>,
): AuthenticateBy {
  const byVersion = new Map<number | undefined, Promise<Authenticated>>();
  const sendsRequest = credentials.some(({ kind }) => remoteKinds.has(kind));
  return ({ revocations, version }) => {
    const authenticated =
      byVersion.get(version) ??
      authenticate(credentials, {
        identify,
        revocations,
        remoteKinds,
        withLentPermit: withoutPermit,
      });
    byVersion.set(version, authenticated);
    return sendsRequest ? withLentPermit(() => authenticated) : authenticated;
  };
}

function onlyUnavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}
