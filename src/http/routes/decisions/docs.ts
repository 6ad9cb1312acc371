import { actions } from '../../../policy/decision.ts';
import { decisionIdPattern } from '../../../audit/audit-event.ts';
import { closedObject, json, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

const text: Schema = { type: 'string' };

const entry = closedObject(
  {
    decision_id: { $ref: '#/components/schemas/DecisionId' },
    at: { $ref: '#/components/schemas/Moment' },
    action: { enum: actions },
    outcome: { enum: ['grant', 'refusal'] },
    code: { ...text, description: 'The reason of a refusal' },
    family: { ...text, description: 'The pattern of the channel' },
    channel: text,
    socket_id: text,
    principal: closedObject({
      kind: { enum: ['guest', 'guest-session', 'user', 'visitor'] },
      id: text,
    }),
    tenant_id: text,
    failed_check: { ...text, description: 'The first check that did not hold' },
    checks: { type: 'array', items: closedObject({ name: text, passed: { type: 'boolean' } }) },
    signals: { type: 'array', items: text, description: 'Security events of the decision' },
    origin: closedObject({ request_id: text, address: text, user_agent: text }, ['user_agent']),
  },
  ['code', 'family', 'channel', 'socket_id', 'principal', 'tenant_id', 'failed_check'],
);

export const decisionsDocs = docs.describeRoute({
  tag: 'Operating',
  summary: 'Read a recorded decision',
  security: guarded,
  ok: json('The decision on record', entry, {
    refused: {
      value: {
        decision_id: '9b2f6c1e-3d47-4a58-8f0a-6c1d2e3f4a5b',
        at: '2025-06-01T12:00:00.000Z',
        action: 'subscribe',
        outcome: 'refusal',
        code: 'not-allowed',
        family: 'private-tenant.{tenantId}.user.{userId}',
        channel: 'private-tenant.1.user.16',
        socket_id: '1234.5678',
        principal: { kind: 'user', id: '15' },
        tenant_id: '1',
        failed_check: 'channel is the user’s own',
        checks: [
          { name: 'channel type accepts this kind of principal', passed: true },
          { name: 'request names a tenant', passed: true },
          { name: 'credential is of the tenant of the request', passed: true },
          { name: 'channel is of the tenant of the request', passed: true },
          { name: 'user is of this tenant', passed: true },
          { name: 'channel is the user’s own', passed: false },
          { name: 'required fact exists', passed: true },
          { name: 'rule has checks', passed: true },
        ],
        signals: [],
        origin: {
          request_id: 'b7a0a5cf-4f0e-4f43-9d1e-2f4f8f0c3a11',
          address: '127.0.0.1',
          user_agent: 'Mozilla/5.0',
        },
      },
    },
  }),
  faults: [
    ...guardFaults,
    docs.fault('malformed-id', [400, `params/id must match pattern "${decisionIdPattern}"`]),
    docs.fault('absent', [404, 'There is no such decision on record']),
    docs.unavailable,
  ],
});
