import type { FastifyInstance } from 'fastify';
import {
  decisionIdPattern,
  type DecisionEntry,
  type FindDecision,
} from '../../../audit/audit-event.ts';
import { RequestProblem } from '../../output/problem.ts';
import { decisionsDocs } from './docs.ts';

/** The format of a decision's id. */
const params = {
  type: 'object',
  properties: { id: { type: 'string', pattern: decisionIdPattern } },
} as const;

/** Adds `GET /decisions/{id}` to the operator's port. It explains a grant or a refusal. */
export function addDecisions(server: FastifyInstance, findDecision: FindDecision): void {
  server.get<{ Params: { id: string } }>(
    '/decisions/:id',
    { schema: { params }, config: { docs: decisionsDocs } },
    async (request) => {
      const found = await findDecision(request.params.id);
      if (found === undefined) throw new RequestProblem(404, 'There is no such decision on record');
      return toBody(found);
    },
  );
}

function toBody({ decision, signals }: DecisionEntry) {
  const { principalKind, principalId } = decision;
  return {
    decision_id: decision.decisionId,
    at: new Date(decision.at).toISOString(),
    action: decision.action,
    outcome: decision.outcome,
    code: decision.code,
    family: decision.family,
    channel: decision.channel,
    socket_id: decision.socketId,
    principal: principalKind && { kind: principalKind, id: principalId },
    tenant_id: decision.tenantId,
    failed_check: decision.failedCheck,
    checks: decision.checks,
    signals,
    origin: {
      request_id: decision.requestId,
      address: decision.address,
      user_agent: decision.userAgent,
    },
  };
}
