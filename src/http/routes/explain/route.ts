import type { FastifyInstance } from 'fastify';
import { remedyFor } from '../../../audit/remedies.ts';
import {
  explainChannel,
  isLeftToApplication,
  type ExplainDeps,
  type ExplainRequest,
} from '../../../authorize/explain-channel.ts';
import { maxTokenLength, type Credential } from '../../../authn/credential.ts';
import { firstFailed, type Decision } from '../../../policy/decision.ts';
import type { Policy } from '../../../policy/policy.ts';
import { kindNamed } from '../../../policy/principal.ts';
import { malformed } from '../../output/problem.ts';
import { tokenOrPrincipalMessage, explainDocs } from './docs.ts';

interface ExplainRouteDeps extends ExplainDeps {
  /** The credential that a text is, for this channel. */
  readonly credentialOf: (text: string, channelName: string) => Credential;
}

interface ExplainBody {
  readonly channel: string;
  readonly socket_id?: string;
  readonly tenant?: string;
  readonly token?: string;
  readonly principal?: {
    readonly kind: string;
    readonly id: string;
    readonly tenant_id?: string;
    readonly roles?: readonly string[];
  };
}

const text = { type: 'string', minLength: 1, maxLength: 512 } as const;

const body = {
  type: 'object',
  additionalProperties: false,
  required: ['channel'],
  properties: {
    channel: text,
    socket_id: text,
    tenant: text,
    token: { type: 'string', minLength: 1, maxLength: maxTokenLength },
    principal: {
      type: 'object',
      additionalProperties: false,
      required: ['kind', 'id'],
      properties: {
        kind: text,
        id: text,
        tenant_id: text,
        roles: { type: 'array', items: text, maxItems: 100 },
      },
    },
  },
} as const;

/** Adds `POST /explain` to the operator's port: the decision that Usher would make now. */
export function addExplain(server: FastifyInstance, deps: ExplainRouteDeps): void {
  const options = { schema: { body }, config: { docs: explainDocs(body) } };
  server.post<{ Body: ExplainBody }>('/explain', options, async (request, reply) => {
    const decision = await explainChannel(readRequest(request.body, deps), deps);
    void reply.header('cache-control', 'no-store');
    return explanationOf(decision, deps.policy());
  });
}

function readRequest(
  { channel, socket_id: socketId = '1.1', tenant, token, principal }: ExplainBody,
  { credentialOf }: ExplainRouteDeps,
): ExplainRequest {
  const constraints = { tenantIds: tenant === undefined ? [] : [tenant] };
  const requested = { channelName: channel, socketId, constraints };
  if (token !== undefined && principal === undefined) {
    return { ...requested, by: credentialOf(token, channel) };
  }
  if (principal === undefined || token !== undefined) throw malformed(tokenOrPrincipalMessage);
  const { kind, id, tenant_id: tenantId, roles = [] } = principal;
  return { ...requested, by: { kind: kindNamed(kind), id, tenantId, roles } };
}

function explanationOf(decision: Decision, policy: Policy) {
  const { outcome, policy: hash, family, principal, tenantId, checks } = decision;
  const code = decision.outcome === 'grant' ? undefined : decision.code;
  return {
    outcome,
    code,
    remedy: code && remedyFor(code, policy),
    application_decides: isLeftToApplication(decision),
    policy: hash,
    family,
    principal: principal && { kind: principal.kind, id: principal.id },
    tenant_id: tenantId,
    failed_check: firstFailed(checks)?.name,
    checks: checks.map(({ name, passed }) => ({ name, passed })),
  };
}
