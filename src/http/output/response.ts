import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalCode } from '../../policy/decision.ts';
import { wholeSeconds, type CountFailure } from '../../rate-limit/request-limits.ts';
import { sendError } from './errors.ts';
import type { RefusalResponses } from './refusal-response.ts';

/** How a route says no, for each reason that it may have. */
export interface RefusalContext<Code extends string = RefusalCode> {
  readonly responses: RefusalResponses<Code>;
  readonly countFailure: CountFailure;
}

/** Answers a grant, signed: status 200 exactly, the only one that pusher-js takes for success. */
export function sendGrant(reply: FastifyReply, decisionId: string, signed: object): FastifyReply {
  return reply
    .code(200)
    .headers({ 'x-decision-id': decisionId, 'cache-control': 'no-store' })
    .send(signed);
}

/**
 * Answers a refusal in the words of the route, and counts it against the address; but for a 429, which is a matter of one
 * principal, and not to be paid for by all the others at its address.
 */
export async function sendRefusal<Code extends string>(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  refusal: {
    readonly id: string;
    readonly code: Code;
    readonly denied?: string | undefined;
    readonly retryAfterMs?: number;
  },
  { responses, countFailure }: RefusalContext<Code>,
): Promise<FastifyReply> {
  void reply.headers({ 'x-decision-id': refusal.id, 'cache-control': 'no-store' });
  const { status, message } = responses[refusal.code];
  if (status === 429) void reply.header('retry-after', wholeSeconds(refusal.retryAfterMs ?? 0));
  else await countFailure(request);
  const words = status === 403 ? (refusal.denied ?? message) : message;
  return sendError(request, reply, { status, message: words });
}
