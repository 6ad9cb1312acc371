import type { Decision } from '../policy/decision.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { BatchAuthRequest } from './auth-request.ts';
import { authenticateOnce } from './authenticate.ts';
import { authorizeOne, type AuthorizeDeps } from './authorize-channel.ts';

/** The decision about each channel of a batch, by its name; `Unavailable` where a dependency could not answer. */
export type BatchDecisions = ReadonlyMap<string, Decision | Unavailable>;

/**
 * Authorizes several channels of one socket. The credentials are read once; each channel is decided and recorded by itself,
 * and a dependency that cannot answer for one channel does not affect the others.
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

function onlyUnavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}
