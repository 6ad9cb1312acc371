import type { FastifyInstance, FastifyRequest } from 'fastify';
import { authorizeChannel } from '../../../authorize/authorize-channel.ts';
import { Secret } from '../../../runtime/secret.ts';
import { originOf } from '../../input/auth-request.ts';
import { textField, textQuery } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { missingParameters } from '../../output/errors.ts';
import { malformed } from '../../output/problem.ts';
import { guestChatResponses } from '../../output/refusal-response.ts';
import { sendGrant, sendRefusal } from '../../output/response.ts';
import type { ChannelAuthDeps } from '../channel-auth/route.ts';
import { guestChatAuthDocs } from './docs.ts';

const path = '/api/guest/hotel/:hotelSlug/chat/pusher/auth';

/** Adds the hotel chat's route. An existing client parses its bodies. It signs only the guest's own channel. */
export function addGuestChatAuth(
  server: FastifyInstance,
  deps: Omit<ChannelAuthDeps, 'credentialsOf'>,
): void {
  const refusals = { responses: guestChatResponses, countFailure: deps.countFailure };
  const config = { action: 'subscribe', errorBody: 'hotel', docs: guestChatAuthDocs } as const;
  server.post(path, { config }, async (request, reply) => {
    const socketId = textField(request.body, 'socket_id', maxCharacters.socketId);
    const channelName = textField(request.body, 'channel_name', maxCharacters.channelName);
    const token = guestToken(request);
    if (socketId === undefined || channelName === undefined || token === undefined) {
      throw malformed(missingParameters);
    }
    const { hotelSlug } = request.params as { readonly hotelSlug: string };
    const question = {
      socketId,
      channelName,
      credentials: [{ kind: 'guest-token', text: new Secret(token) }],
      constraints: { hotelSlug, tenantIds: [] },
      origin: originOf(request),
    } as const;
    const decision = await authorizeChannel(question, deps);
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, deps.sign(decision))
      : sendRefusal([request, reply], decision, refusals);
  });
}

/** Reads the token, which the existing client sends in the query and in the form. Two different tokens are refused. */
function guestToken(request: FastifyRequest): string | undefined {
  const inQuery = textQuery(request.query, 'token', maxCharacters.token);
  const inBody = textField(request.body, 'token', maxCharacters.token);
  if (inQuery !== undefined && inBody !== undefined && inQuery !== inBody) {
    throw malformed('The tokens in the query and in the body differ');
  }
  return inQuery ?? inBody;
}
