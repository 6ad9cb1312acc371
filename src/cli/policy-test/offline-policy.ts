import { randomUUID } from 'node:crypto';
import { createBearerTokenReader } from '../../authn/bearer-token.ts';
import { createGuestTokenReader } from '../../authn/guest-token.ts';
import { createIdentify } from '../../authn/identify.ts';
import { createTokenKeys } from '../../authn/jwt/token-keys.ts';
import { createJwtVerifier } from '../../authn/jwt/verify-jwt.ts';
import type { ChannelAuthRequest } from '../../authorize/auth-request.ts';
import { decideChannel, type DecideDeps } from '../../authorize/authorize-channel.ts';
import { channelRegistry } from '../../policy/channels/index.ts';
import type { Decision } from '../../policy/decision.ts';
import type { FactReader } from '../../policy/facts.ts';
import type { Secret } from '../../runtime/secret.ts';

/** Decides without an entry in the audit log. Throws `Unavailable`. */
export type DecideChannel = (request: ChannelAuthRequest) => Promise<Decision>;

/** The facts and the secret that replace the database and the keys. */
export interface OfflinePolicy {
  readonly find: FactReader;
  /** Verifies guest tokens and user tokens. */
  readonly secret: Secret;
  readonly bookingClaim: string;
  readonly hotelClaim: string;
  readonly now: () => number;
}

/** The policy of the service with the given facts: it verifies tokens, matches channels and evaluates rules as the service does. */
export function buildOfflinePolicy(policy: OfflinePolicy): DecideChannel {
  const { find, secret, now } = policy;
  const keys = createTokenKeys({ secret }, { fetch, now });
  const verifier = createJwtVerifier({ keys, now });
  const deps: DecideDeps = {
    ...{ channels: channelRegistry, find, now, newId: randomUUID, encrypts: () => true },
    identify: createIdentify({
      'guest-token': createGuestTokenReader({ ...policy, verifier }),
      bearer: createBearerTokenReader({ verifier }),
    }),
    revocations: { latest: () => Promise.resolve(undefined) },
  };
  return (request) => decideChannel(request, deps);
}
