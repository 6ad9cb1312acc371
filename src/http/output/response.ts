import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalCode } from '../../policy/decision.ts';
import { wholeSeconds, type CountFailure } from '../../rate-limit/request-limits.ts';
import { sendError } from './errors.ts';
import type { RefusalResponses } from './refusal-response.ts';

/** The refusal responses of a route, and the counter of refusals. */
export interface RefusalContext<Code extends string = RefusalCode> {
  readonly responses: RefusalResponses<Code>;
  readonly countFailure: CountFailure;
}

/** Sends a signed grant. The status must be 200, because pusher-js treats every other status as a failure. */
export function sendGrant(reply: FastifyReply, decisionId: string, signed: object): FastifyReply {
  return reply
    .code(200)
    .headers({ 'x-decision-id': decisionId, 'cache-control': 'no-store' })
    .send(signed);
}

/**
 * Sends a refusal with the route's message and counts it against the address. A 429 is not counted: it limits one
 * principal and must not block other principals at the same address.
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
