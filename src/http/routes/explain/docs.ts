import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { refusedResult } from '../decisions/docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

const text: Schema = { type: 'string' };

const explanation = closedObject(
  {
    outcome: { enum: ['grant', 'refusal'] },
    code: { ...text, description: 'The reason of a refusal' },
    remedy: { ...text, description: 'A remedy, if the request should be granted' },
    application_decides: {
      type: 'boolean',
      description:
        'Whether only the decision of the application is missing. Usher sends it no request.',
    },
    policy: { ...text, description: 'The hash of the policy in use' },
    family: { ...text, description: 'The pattern of the channel' },
    principal: closedObject({ kind: text, id: text }),
    tenant_id: text,
    failed_check: { ...text, description: 'The first failed check' },
    checks: { type: 'array', items: closedObject({ name: text, passed: { type: 'boolean' } }) },
  },
  ['code', 'remedy', 'family', 'principal', 'tenant_id', 'failed_check'],
);

const requested = {
  channel: 'private-tenant.1.user.16',
  tenant: '1',
  principal: { kind: 'user', id: '15', tenant_id: '1', roles: [] },
};

/** The error for no subject and for two. */
export const tokenOrPrincipalMessage = 'Give either a token or a principal';

/** OpenAPI of `POST /explain`. */
export function explainDocs(body: Schema): Operation {
  return docs.describeRoute({
    tag: 'Operating',
    summary: 'Explain what Usher would decide now',
    description:
      'For a token, or for a principal without one, with current facts. It writes no audit row, counts no limit, and sends no request to the application.',
    security: guarded,
    body: { schema: body, examples: { refused: { value: requested } }, onlyJson: true },
    ok: json('The decision that Usher would make', explanation, {
      refused: {
        value: { ...refusedResult, application_decides: false },
      },
    }),
    faults: [
      ...guardFaults,
      docs.fault('two-subjects', [400, tokenOrPrincipalMessage], { ...requested, token: 'eyJ' }),
      docs.unavailable,
    ],
  });
}
