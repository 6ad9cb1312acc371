import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Credential } from '../../../authn/credential.ts';
import { listChannels, type ListChannelsDeps } from '../../../authorize/list-channels.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { namedTenants, originOf } from '../../input/auth-request.ts';
import { textQuery } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { generalResponses } from '../../output/refusal-response.ts';
import { sendRefusal } from '../../output/response.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { channelListDocs } from './docs.ts';

interface ChannelListDeps extends ListChannelsDeps {
  readonly credentialsOf: (request: FastifyRequest) => readonly Credential[];
  readonly countFailure: CountFailure;
}

/**
 * Adds `GET /api/channels`: a paginated list of the channels that the principal may enter now. Clients leave all
 * others.
 */
export function addChannelList(server: FastifyInstance, deps: ChannelListDeps): void {
  const config = { action: 'list-channels', docs: channelListDocs } as const;
  server.get('/api/channels', { config }, async (request, reply) => {
    const listRequest = {
      credentials: deps.credentialsOf(request),
      constraints: { tenantIds: namedTenants(request) },
      origin: originOf(request),
      cursor: parseCursor(textQuery(request.query, 'after', maxCharacters.cursor)),
    };
    const listed = await listChannels(listRequest, deps);
    void reply.header('cache-control', 'no-store');
    if ('channels' in listed) {
      const { channels, next } = listed;
      return reply.send({ channels, ...(next && { next: formatCursor(next) }) });
    }
    return sendRefusal([request, reply], listed, {
      responses: generalResponses,
      countFailure: deps.countFailure,
    });
  });
}
