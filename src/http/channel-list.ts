import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ListChannels } from '../actions/list-channels.ts';
import type { PresentedCredential } from '../core/credential.ts';
import { sendPlainRefusal } from './answer.ts';
import { namedTenants } from './asker.ts';
import { channelListDocs } from './channel-list-docs.ts';
import type { CountFailure } from './limits.ts';

/** Whom the route asks. */
export interface ChannelListPorts {
  readonly listChannels: ListChannels;
  readonly present: (request: FastifyRequest) => readonly PresentedCredential[];
  readonly countFailure: CountFailure;
}

/** Adds `GET /api/channels`: what the asker may enter now, so that a client can drop what it may not. */
export function addChannelList(server: FastifyInstance, ports: ChannelListPorts): void {
  server.get('/api/channels', { config: { docs: channelListDocs } }, async (request, reply) => {
    const channels = await ports.listChannels({
      credentials: ports.present(request),
      pinned: { tenantIds: namedTenants(request) },
    });
    return typeof channels === 'string'
      ? sendPlainRefusal([request, reply], channels, ports.countFailure)
      : reply.header('cache-control', 'no-store').send({ channels });
  });
}
