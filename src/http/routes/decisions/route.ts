import type { FastifyInstance } from 'fastify';
import { decisionIdPattern, type FindDecision } from '../../../audit/audit-event.ts';
import type { FindDecisions } from '../../../audit/decision-filters.ts';
import type { Policy } from '../../../policy/policy.ts';
import { RequestProblem } from '../../output/problem.ts';
import { decisionBody } from './body.ts';
import { decisionDocs, decisionsDocs } from './docs.ts';
import { formatPosition, readPageQuery } from './query.ts';

/** The format of a decision's id. */
const params = {
  type: 'object',
  properties: { id: { type: 'string', pattern: decisionIdPattern } },
} as const;

interface DecisionsDeps {
  readonly findDecision: FindDecision;
  readonly findDecisions: FindDecisions;
  readonly policy: () => Policy;
}

/** Adds the routes of recorded decisions to the operator's port: a page of them, and one with the reason. */
export function addDecisions(server: FastifyInstance, deps: DecisionsDeps): void {
  server.get('/decisions', { config: { docs: decisionsDocs } }, async ({ query }, reply) => {
    const { decisions, next } = await deps.findDecisions(readPageQuery(query));
    const policy = deps.policy();
    void reply.header('cache-control', 'no-store');
    return {
      decisions: decisions.map((each) => decisionBody(each, policy)),
      next: next && formatPosition(next),
    };
  });
  server.get<{ Params: { id: string } }>(
    '/decisions/:id',
    { schema: { params }, config: { docs: decisionDocs } },
    async (request) => {
      const found = await deps.findDecision(request.params.id);
      if (found === undefined)
        throw new RequestProblem(404, 'There is no such decision in the audit log');
      return decisionBody(found, deps.policy());
    },
  );
}
