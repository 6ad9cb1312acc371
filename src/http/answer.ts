import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from '../core/decision.ts';
import { sendError } from './errors.ts';
import type { CountFailure } from './limits.ts';
import type { Replies } from './refusal-reply.ts';

/** How a route says no. */
export interface Refusing {
  readonly replies: Replies;
  readonly countFailure: CountFailure;
}

/** Answers a grant, signed: status 200 exactly, the only one that pusher-js takes for success. */
export function sendGrant(reply: FastifyReply, decisionId: string, signed: object): FastifyReply {
  return reply
    .code(200)
    .headers({ 'x-decision-id': decisionId, 'cache-control': 'no-store' })
    .send(signed);
}

/** Answers a refusal in the words of the route, and counts it against the address. */
export async function sendRefusal(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  refusal: Refusal,
  { replies, countFailure }: Refusing,
): Promise<FastifyReply> {
  void reply.headers({ 'x-decision-id': refusal.id, 'cache-control': 'no-store' });
  await countFailure(request);
  return sendError(request, reply, replies[refusal.code]);
}
