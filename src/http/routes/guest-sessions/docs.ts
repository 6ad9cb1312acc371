import { allOf, decided, json, type Operation, type Schema } from '../../openapi/operation.ts';
import {
  responsesFor,
  refusals,
  tooManyRefused,
  unavailable,
  type ErrorExample,
} from '../../output/error-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

const sessionId: Schema = { type: 'string', format: 'uuid' };
const session = '5d8f2c0e-7a41-4d6b-9c3e-1f2a3b4c5d6e';

const common: readonly ErrorExample[] = [tooManyRefused, unavailable];

/** What `POST /api/guest-sessions` says of itself. */
export const startDocs: Operation = {
  tags: ['Guest sessions'],
  summary: 'Start a guest session',
  description: 'Sixty a minute and address. The token is told this once.',
  security: [],
  responses: allOf(
    {
      200: json(
        'The session, and its token',
        {
          type: 'object',
          additionalProperties: false,
          required: ['guest_session_id', 'token', 'expires_at'],
          properties: {
            guest_session_id: sessionId,
            token: { type: 'string', pattern: '^guest_[0-9a-f]{64}$' },
            expires_at: { $ref: '#/components/schemas/Moment' },
          },
        },
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
    },
    responsesFor([
      { name: 'too-many-sessions', status: 429, message: 'Too many guest sessions' },
      unavailable,
    ]),
  ),
};

/** What `POST /api/guest-sessions/link` says of itself. */
export const linkDocs: Operation = {
  tags: ['Guest sessions'],
  summary: 'Link it to the user, at login',
  description: 'The user then takes part in the rooms of that guest session.',
  security: [{ userToken: [], guestSession: [] }],
  responses: allOf(
    {
      200: decided(
        json(
          'It is the user’s now',
          {
            type: 'object',
            additionalProperties: false,
            required: ['guest_session_id', 'user_id'],
            properties: { guest_session_id: sessionId, user_id: { type: 'string' } },
          },
          { linked: { value: { guest_session_id: session, user_id: '15' } } },
        ),
      ),
    },
    responsesFor([
      ...refusals(generalResponses, {
        'credential-missing': undefined,
        'credential-malformed': undefined,
        'credential-expired': undefined,
        'not-allowed': undefined,
      }),
      ...common,
    ]),
  ),
};

/** What `DELETE /api/guest-sessions/current` says of itself. */
export const endDocs: Operation = {
  tags: ['Guest sessions'],
  summary: 'End it, at logout',
  security: [{ guestSession: [] }],
  responses: allOf(
    { 204: decided({ description: 'It has ended' }) },
    responsesFor([
      ...refusals(generalResponses, {
        'credential-missing': undefined,
        'credential-malformed': undefined,
      }),
      ...common,
    ]),
  ),
};
