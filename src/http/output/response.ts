import type { FastifyReply, FastifyRequest } from 'fastify';
import { wholeSeconds, type CountFailure } from '../../rate-limit/request-limits.ts';
import { sendError, type ErrorResponse } from './errors.ts';
import { responseFor, type RefusalResponse } from './refusal-response.ts';

/** The refusal responses of a route, and the counter of refusals. */
interface RefusalContext {
  readonly responses: Readonly<Record<string, RefusalResponse>>;
  /** For codes that `responses` does not have. */
  readonly otherwise?: RefusalResponse | undefined;
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
interface RefusalOutcome {
  readonly code: string;
  readonly denied?: string | undefined;
  readonly retryAfterMs?: number;
}

/** Returns what the client receives for a refusal. `retryAfter`, in seconds, is present in a 429 only. */
export function responseTo(
  { code, denied, retryAfterMs = 0 }: RefusalOutcome,
  { responses, otherwise }: Pick<RefusalContext, 'responses' | 'otherwise'>,
): ErrorResponse & { readonly retryAfter?: number } {
  const { status, message } = responseFor(code, responses, otherwise);
  if (status === 429) return { status, message, retryAfter: wholeSeconds(retryAfterMs) };
  return { status, message: status === 403 ? (denied ?? message) : message };
}

/**
 * Sends a refusal with the route's message and counts it against the address. A 429 is not counted: it limits one
 * principal and must not block other principals at the same address.
 */
export async function sendRefusal(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  refusal: RefusalOutcome & { readonly id: string },
  context: RefusalContext,
): Promise<FastifyReply> {
  void reply.headers({ 'x-decision-id': refusal.id, 'cache-control': 'no-store' });
  const { retryAfter, ...response } = responseTo(refusal, context);
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  else await context.countFailure(request);
  return sendError(request, reply, response);
}
