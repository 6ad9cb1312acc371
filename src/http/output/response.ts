import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RefusalCode } from '../../policy/decision.ts';
import { wholeSeconds, type CountFailure } from '../../rate-limit/request-limits.ts';
import { sendError, type ErrorResponse } from './errors.ts';
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

/** The parts of a refusal that its response depends on. */
interface RefusalOutcome<Code extends string> {
  readonly code: Code;
  readonly denied?: string | undefined;
  readonly retryAfterMs?: number;
}

/** Returns what the client receives for a refusal. `retryAfter`, in seconds, is present in a 429 only. */
export function responseTo<Code extends string>(
  { code, denied, retryAfterMs = 0 }: RefusalOutcome<Code>,
  responses: RefusalResponses<Code>,
): ErrorResponse & { readonly retryAfter?: number } {
  const { status, message } = responses[code];
  if (status === 429) return { status, message, retryAfter: wholeSeconds(retryAfterMs) };
  return { status, message: status === 403 ? (denied ?? message) : message };
}

/**
 * Sends a refusal with the route's message and counts it against the address. A 429 is not counted: it limits one
 * principal and must not block other principals at the same address.
 */
export async function sendRefusal<Code extends string>(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  refusal: RefusalOutcome<Code> & { readonly id: string },
  { responses, countFailure }: RefusalContext<Code>,
): Promise<FastifyReply> {
  void reply.headers({ 'x-decision-id': refusal.id, 'cache-control': 'no-store' });
  const { retryAfter, ...response } = responseTo(refusal, responses);
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  else await countFailure(request);
  return sendError(request, reply, response);
}
