import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authorizeChannel, type AuthorizeDeps } from '../authorize/authorize-channel.ts';
import type { Signer } from '../pusher/sign.ts';
import { sendGrant, sendRefusal } from './answer.ts';
import { questionOf } from './asker.ts';
import { requiredField } from './body.ts';
import { channelAuthDocs } from './channel-auth-docs.ts';
import { mostCharacters } from './lengths.ts';
import type { CountFailure } from './limits.ts';
import type { Present } from './present.ts';
import { generalReplies } from './refusal-reply.ts';

/** Where Laravel Echo and pusher-js ask for a channel; the last names the tenant in its path. */
const paths = [
  '/broadcasting/auth',
  '/api/broadcasting/auth',
  '/pusher/auth',
  '/api/tenants/:tenantId/pusher/auth',
];

/** What the route depends on. */
export interface ChannelAuthDeps extends AuthorizeDeps {
  readonly sign: Signer['sign'];
  readonly present: Present;
  readonly countFailure: CountFailure;
}

/** Adds the general routes that answer "may I subscribe?". */
export function addChannelAuth(server: FastifyInstance, deps: ChannelAuthDeps): void {
  const refusing = { replies: generalReplies, countFailure: deps.countFailure };
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const question = {
      ...questionOf(request, deps.present),
      channelName: requiredField(request.body, 'channel_name', mostCharacters.channelName),
    };
    const decision = await authorizeChannel(question, deps);
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, deps.sign(decision))
      : sendRefusal([request, reply], decision, refusing);
  };
  for (const path of paths) {
    const config = { action: 'subscribe', docs: channelAuthDocs(path) } as const;
    server.post(path, { config }, handler);
  }
}
