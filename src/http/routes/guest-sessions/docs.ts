import { closedObject, decided, json, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

const sessionId: Schema = { type: 'string', format: 'uuid' };
const session = '5d8f2c0e-7a41-4d6b-9c3e-1f2a3b4c5d6e';

export const startDocs = docs.describeRoute({
  tag: 'Guest sessions',
  summary: 'Start a guest session',
  description:
    'Limited by `RATE_LIMIT_GUEST_SESSIONS` per minute and address. The token is in no other response.',
  security: [],
  ok: json(
    'The session, and its token',
    closedObject({
      guest_session_id: sessionId,
      token: { type: 'string', pattern: '^guest_[0-9a-f]{64}$' },
      expires_at: { $ref: '#/components/schemas/Moment' },
    }),
    {
      started: {
        value: {
          guest_session_id: session,
          token: `guest_${'5d'.repeat(32)}`,
          expires_at: '2025-07-01T12:00:00.000Z',
        },
      },
    },
  ),
  faults: [docs.fault('too-many-sessions', [429, 'Too many guest sessions']), docs.unavailable],
});

export const linkDocs = docs.describeRoute({
  tag: 'Guest sessions',
  summary: 'Link a guest session to a user at login',
  description: 'Rules then see the user of that guest session.',
  security: [{ userToken: [], guestSession: [] }],
  ok: decided(
    json(
      'The guest session is linked to the user',
      closedObject({ guest_session_id: sessionId, user_id: { type: 'string' } }),
      { linked: { value: { guest_session_id: session, user_id: '15' } } },
    ),
  ),
  faults: [
    ...docs.refusals(generalResponses, [
      'credential-missing',
      'credential-malformed',
      'credential-expired',
      'not-allowed',
    ]),
    docs.tooManyRefused,
    docs.unavailable,
  ],
});

export const endDocs = docs.describeRoute({
  tag: 'Guest sessions',
  summary: 'End a guest session at logout',
  security: [{ guestSession: [] }],
  status: 204,
  ok: decided({ description: 'The guest session has ended' }),
  faults: [
    ...docs.refusals(generalResponses, ['credential-missing', 'credential-malformed']),
    docs.tooManyRefused,
    docs.unavailable,
  ],
});
