import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authorizeChannel, type AuthorizeDeps } from '../../../authorize/authorize-channel.ts';
import type { Signer } from '../../../pusher/sign.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { authRequestOf, type HeadersOf } from '../../input/auth-request.ts';
import { requiredField } from '../../input/body.ts';
import type { CredentialsOf } from '../../input/credentials.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { sendGrant, sendRefusal } from '../../output/response.ts';
import { channelAuthDocs } from './docs.ts';

/** The paths that Laravel Echo and pusher-js call for one channel. The last one contains the tenant. */
const paths = [
  '/broadcasting/auth',
  '/api/broadcasting/auth',
  '/pusher/auth',
  '/api/tenants/:tenantId/pusher/auth',
];

export interface ChannelAuthDeps extends AuthorizeDeps {
  readonly sign: Signer['sign'];
  readonly credentialsOf: CredentialsOf;
  readonly headersOf: HeadersOf;
  readonly countFailure: CountFailure;
}

/** Adds the general routes that authorize the subscription of one channel. */
export function addChannelAuth(server: FastifyInstance, deps: ChannelAuthDeps): void {
  const refusals = { responses: generalResponses, countFailure: deps.countFailure };
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const authRequest = {
      ...authRequestOf(request, deps),
      channelName: requiredField(request.body, 'channel_name', maxCharacters.channelName),
    };
    const decision = await authorizeChannel(authRequest, deps);
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, deps.sign(decision))
      : sendRefusal([request, reply], decision, refusals);
  };
  for (const path of paths) {
    const config = { action: 'subscribe', docs: channelAuthDocs(path) } as const;
    server.post(path, { config }, handler);
  }
}
