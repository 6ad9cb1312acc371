import type { FastifyInstance } from 'fastify';
import type { CurrentPolicy } from '../../../policy/current-policy.ts';
import { describeChannel } from '../../../policy/channel-type.ts';
import { policyDocs, policyReloadDocs } from './docs.ts';

/** Adds `GET /policy` and `POST /policy/reload` to the operator's port. */
export function addPolicy(server: FastifyInstance, policies: CurrentPolicy): void {
  server.get('/policy', { config: { docs: policyDocs } }, () => {
    const { hash, files, channels } = policies.current();
    const problems = policies.failure();
    return {
      hash,
      files,
      channels: channels.channelTypes.map(describeChannel),
      ...(problems && { problems }),
    };
  });
  server.post('/policy/reload', { config: { docs: policyReloadDocs } }, async (_request, reply) => {
    const result = await policies.reload();
    // 422: the request is correct, and the files are not.
    return reply.code(result.outcome === 'failed' ? 422 : 200).send(result);
  });
}
