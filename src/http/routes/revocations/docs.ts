import { closedObject, json, type Operation, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

const server: Schema = { enum: ['pusher', 'soketi', 'reverb', 'sockudo'] };
const effect = (names: readonly string[], more: Readonly<Record<string, Schema>> = {}): Schema =>
  closedObject({ effect: { enum: names }, ...more });
const count: Schema = { type: 'integer', minimum: 0 };

const effects: Schema = {
  type: 'array',
  description: 'The effects of the revocation, and the connections that it does not terminate',
  items: {
    oneOf: [
      effect(['new-authorizations-refused', 'tickets-refused']),
      effect(['websockets-closed'], { connections: count }),
      effect(['pusher-connections-ended', 'pusher-connections-pending'], { server, users: count }),
      effect(['pusher-connections-not-ended'], { server, users: count, why: { type: 'string' } }),
      effect(['pusher-connections-stay'], {
        server,
        which: { enum: ['not signed in', 'in no presence channel'] },
      }),
      effect(['pusher-connections-stay'], {
        server,
        which: { const: 'all' },
        why: { type: 'string' },
      }),
    ],
  },
};

/**
 * OpenAPI of `POST /revocations`.
 *
 * @param fields - The fields that identify a subject.
 * @param subjects - The fields of each subject of the policy.
 */
export function revocationsDocs(
  fields: Readonly<Record<string, Schema>>,
  subjects: readonly (readonly string[])[],
): Operation {
  const ofPolicy = subjects.map(
    (names) => `${names.map((name) => `\`${name}\``).join(' with ')}, `,
  );
  return docs.describeRoute({
    tag: 'Revocation',
    summary: 'Revoke credentials, and terminate their connections',
    description: `By user (\`user_id\`, with or without \`tenant_id\`), tenant (\`tenant_id\`), ${ofPolicy.join('')}guest session or token. Without \`issued_before\`, credentials issued before now. The revocation is written before connections are terminated, and cannot be undone.`,
    security: guarded,
    body: {
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: { ...fields, issued_before: { type: 'string', maxLength: 40 } },
      },
      examples: {
        user: { value: { user_id: '15', tenant_id: '1', issued_before: '2025-06-01T11:00:00Z' } },
      },
    },
    ok: json(
      'The revocation applies on every replica',
      closedObject({
        revoked: { type: 'object', additionalProperties: false, properties: fields },
        issued_before: { $ref: '#/components/schemas/Moment' },
        effects,
      }),
      {
        user: {
          value: {
            revoked: { user_id: '15', tenant_id: '1' },
            issued_before: '2025-06-01T11:00:00.000Z',
            effects: [
              { effect: 'new-authorizations-refused' },
              { effect: 'tickets-refused' },
              { effect: 'websockets-closed', connections: 0 },
              { effect: 'pusher-connections-stay', server: 'pusher', which: 'not signed in' },
            ],
          },
        },
      },
    ),
    faults: [
      ...guardFaults,
      ...docs.bodyFaults,
      docs.fault('two-subjects', [400, exactlyOneSubjectMessage(subjects)], {
        user_id: '15',
        token_id: '6f1c',
      }),
      docs.fault('in-the-future', [400, 'issued_before lies in the future'], {
        user_id: '15',
        issued_before: '2999-01-01T00:00:00Z',
      }),
      docs.fault(
        'no-time',
        [400, 'issued_before must be a time with its zone such as 2025-12-31T11:00:00Z'],
        { user_id: '15', issued_before: 'yesterday' },
      ),
      docs.unavailable,
    ],
  });
}

/** The error for no subject and for more than one. */
export function exactlyOneSubjectMessage(subjects: readonly (readonly string[])[]): string {
  const ofPolicy = subjects.map((fields) => `${fields.join(' with ')}, `).join('');
  return `Name exactly one of user_id (with or without tenant_id), tenant_id, ${ofPolicy}guest_session_id, token_id`;
}
