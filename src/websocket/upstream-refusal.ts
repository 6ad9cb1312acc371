import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin, WriteDecision } from '../audit/audit-event.ts';
import { check, type Grant, type UpstreamRefusal } from '../policy/decision.ts';
import type { SendError } from './server.ts';
import type { DialFault } from './upstream.ts';

export interface UpstreamRefusalDeps {
  readonly writeDecision: WriteDecision;
  readonly newId: () => string;
  /** Counts a refused request. Throws the error response if its address has too many. */
  readonly countFailure: (request: FastifyRequest) => Promise<void>;
  readonly sendError: SendError;
}

/** A failed handshake after a grant. */
interface Refused {
  readonly fault: DialFault;
  readonly grant: Grant;
  readonly origin: Origin;
}

/** Sends the status of the upstream server to the client; 502 for any other response without an upgrade. */
export async function sendUpstreamRefusal(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  { fault, grant, origin }: Refused,
  { newId, writeDecision, countFailure, sendError }: UpstreamRefusalDeps,
): Promise<FastifyReply> {
  if (fault.kind === 'abandoned') {
    return sendError(request, reply, { status: 503, message: 'Try again in a moment' });
  }
  if (fault.kind === 'invalid') {
    request.log.warn(fault, 'upstream server did not accept the WebSocket');
    return sendError(request, reply, {
      status: 502,
      message: 'The application did not accept the WebSocket',
    });
  }
  const { status, retryAfter } = fault;
  if (status < 500) {
    const refusal = upstreamRefusal(grant, status, newId());
    await writeDecision(refusal, origin);
    void reply.headers({ 'x-decision-id': refusal.id, 'cache-control': 'no-store' });
    await countFailure(request);
  } else {
    request.log.warn(fault, 'upstream server did not accept the WebSocket');
  }
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  return sendError(request, reply, { status, message: 'The application refused the WebSocket' });
}

/** A decision with its own id: the grant is already recorded. */
function upstreamRefusal(grant: Grant, status: number, id: string): UpstreamRefusal {
  const checks = [
    ...grant.checks,
    check(`upstream server accepts the WebSocket: status ${status}`, false),
  ];
  return { ...grant, id, checks, outcome: 'refusal', code: 'upstream-refused' };
}
