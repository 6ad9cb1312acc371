import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin, WriteDecision } from '../audit/audit-event.ts';
import { check, type Grant, type UpstreamRefusal } from '../policy/decision.ts';
import type { SendError } from './server.ts';
import type { DialFault } from './upstream.ts';

/** What an answer to a client takes whose handshake the host did not accept. */
export interface HostFaultDeps {
  readonly writeDecision: WriteDecision;
  readonly newId: () => string;
  /** Counts a refused request; throws what the server answers when its address has had too many. */
  readonly countFailure: (request: FastifyRequest) => Promise<void>;
  readonly sendError: SendError;
}

/** A client that Usher would let in. */
interface Granted {
  readonly grant: Grant;
  readonly origin: Origin;
}

/** The host's status is the client's. Any other answer that opens no WebSocket is a bad gateway. */
export async function answerHostFault(
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  fault: DialFault,
  { grant, origin, ...deps }: HostFaultDeps & Granted,
): Promise<FastifyReply> {
  const { sendError } = deps;
  if (fault.kind === 'abandoned') {
    return sendError(request, reply, { status: 503, message: 'Try again in a moment' });
  }
  if (fault.kind === 'invalid') {
    request.log.warn(fault, 'the host did not accept a WebSocket');
    return sendError(request, reply, { status: 502, message: 'The host opened no WebSocket' });
  }
  const { status, retryAfter } = fault;
  if (status < 500) {
    const refusal = refusedByHost(grant, status, deps.newId());
    await deps.writeDecision(refusal, origin);
    void reply.headers({ 'x-decision-id': refusal.id, 'cache-control': 'no-store' });
    await deps.countFailure(request);
  } else {
    request.log.warn(fault, 'the host did not accept a WebSocket');
  }
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
  return sendError(request, reply, { status, message: 'The host refused the WebSocket' });
}

/** A decision of its own: that Usher would let the visitor in is on record already. */
function refusedByHost(grant: Grant, status: number, id: string): UpstreamRefusal {
  const checks = [...grant.checks, check(`host accepts the WebSocket: status ${status}`, false)];
  return { ...grant, id, checks, outcome: 'refusal', code: 'upstream-refused' };
}
