import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  authenticateUser,
  type AuthenticateUserDeps,
} from '../../../authorize/authenticate-user.ts';
import type { SignUser } from '../../../pusher/sign.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { authRequestOf, type HeadersOf } from '../../input/auth-request.ts';
import type { CredentialsOf } from '../../input/credentials.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { sendGrant, sendRefusal } from '../../output/response.ts';
import { userAuthDocs } from './docs.ts';

/** The paths that `pusher.signin()` calls. The first is the default of pusher-js, the second that of Echo. */
const paths = ['/pusher/user-auth', '/broadcasting/user-auth', '/api/broadcasting/user-auth'];

interface UserAuthDeps extends AuthenticateUserDeps {
  readonly signUser: SignUser;
  readonly credentialsOf: CredentialsOf;
  readonly headersOf: HeadersOf;
  readonly countFailure: CountFailure;
}

/** Adds the routes that authenticate a user to the Pusher server. */
export function addUserAuth(server: FastifyInstance, deps: UserAuthDeps): void {
  const refusals = { responses: generalResponses, countFailure: deps.countFailure };
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const decision = await authenticateUser(authRequestOf(request, deps), deps);
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, deps.signUser(decision))
      : sendRefusal([request, reply], decision, refusals);
  };
  const config = { action: 'sign-in', docs: userAuthDocs } as const;
  for (const path of paths) server.post(path, { config }, handler);
}
