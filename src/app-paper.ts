import { randomUUID } from 'node:crypto';
import { decideChannel, type DecideDeps } from './authorize/authorize-channel.ts';
import { catalogue } from './channels/index.ts';
import type { Decision } from './core/decision.ts';
import type { Find } from './core/facts.ts';
import type { Question } from './core/question.ts';
import type { Secret } from './core/secret.ts';
import { createBearerTokenReader } from './credentials/bearer-token.ts';
import { createGuestTokenReader } from './credentials/guest-token.ts';
import { createIdentify } from './credentials/identify.ts';
import { createJwtVerifier } from './credentials/jwt.ts';
import { createTokenKeys } from './credentials/token-keys.ts';

/** Decides without a record. Throws `Unavailable`. */
export type DecideChannel = (request: Question) => Promise<Decision>;

/** What a policy on paper stands on in place of a database and of keys; `now` in milliseconds since the epoch. */
export interface Paper {
  readonly find: Find;
  /** Signs the tokens of guests and of users. */
  readonly secret: Secret;
  readonly bookingClaim: string;
  readonly hotelClaim: string;
  readonly now: () => number;
}

/** The service's own policy over given facts: tokens are verified, channels read and rules asked as in the service. */
export function buildPaperPolicy(paper: Paper): DecideChannel {
  const { find, secret, now } = paper;
  const keys = createTokenKeys({ secret }, { fetch, now });
  const verifier = createJwtVerifier({ keys, now });
  const deps: DecideDeps = {
    ...{ catalogue, find, now, newId: randomUUID, encrypts: () => true },
    identify: createIdentify({
      'guest-token': createGuestTokenReader({ ...paper, verifier }),
      bearer: createBearerTokenReader({ verifier }),
    }),
    revocations: { latest: () => Promise.resolve(undefined) },
  };
  return (request) => decideChannel(request, deps);
}
