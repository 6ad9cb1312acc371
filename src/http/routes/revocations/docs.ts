import { allOf, formOrJson, json, type Operation, type Schema } from '../../openapi/operation.ts';
import { responsesFor, bodiesOf, bodyFaults, unavailable } from '../../output/error-docs.ts';
import { guarded, guardFaults } from '../operator/docs.ts';

const faults = [
  ...guardFaults,
  ...bodyFaults,
  {
    name: 'two-subjects',
    status: 400,
    message:
      'Name exactly one of user_id (with or without tenant_id), tenant_id, hotel_slug with booking_id, guest_session_id, token_id',
    request: { user_id: '15', token_id: '6f1c' },
  },
  {
    name: 'in-the-future',
    status: 400,
    message: 'issued_before lies in the future',
    request: { user_id: '15', issued_before: '2999-01-01T00:00:00Z' },
  },
  {
    name: 'no-time',
    status: 400,
    message: 'issued_before must be a time with its zone such as 2025-12-31T11:00:00Z',
    request: { user_id: '15', issued_before: 'yesterday' },
  },
  unavailable,
];

const server: Schema = { enum: ['pusher', 'soketi', 'reverb'] };
const effect = (names: readonly string[], more: Readonly<Record<string, Schema>> = {}): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: ['effect', ...Object.keys(more)],
  properties: { effect: { enum: names }, ...more },
});
const count: Schema = { type: 'integer', minimum: 0 };

const effects: Schema = {
  type: 'array',
  description: 'What it had an effect on, and what it could not have one on',
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

/** What `POST /revocations` says of itself; `subject` are the fields that name whom it is about. */
export function revocationsDocs(
  body: Schema,
  subject: Readonly<Record<string, Schema>>,
): Operation {
  return {
    tags: ['Revocation'],
    summary: 'Refuse what was issued before a moment, and end what it let in',
    description:
      'By user (`user_id`, with or without `tenant_id`), tenant (`tenant_id`), booking (`hotel_slug` and `booking_id`), guest session or token. Without `issued_before`, before now. It is written first, and never taken back.',
    security: guarded,
    requestBody: formOrJson(body, {
      user: { value: { user_id: '15', tenant_id: '1', issued_before: '2025-06-01T11:00:00Z' } },
      ...bodiesOf(faults),
    }),
    responses: allOf(
      {
        200: json(
          'It holds, on every replica',
          {
            type: 'object',
            additionalProperties: false,
            required: ['revoked', 'issued_before', 'effects'],
            properties: {
              revoked: { type: 'object', additionalProperties: false, properties: subject },
              issued_before: { $ref: '#/components/schemas/Moment' },
              effects,
            },
          },
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
      },
      responsesFor(faults),
    ),
  };
}
