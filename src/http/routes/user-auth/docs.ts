import {
  anyCredential,
  authRequestFields,
  authRequestRefusals,
  headerFaults,
  noSocket,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import { allOf, decided, formOrJson, json, type Operation } from '../../openapi/operation.ts';
import {
  responsesFor,
  bodiesOf,
  bodyFaults,
  refusals,
  tooManyRefused,
  unavailable,
} from '../../output/error-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

const faults = [
  ...bodyFaults,
  ...headerFaults,
  noSocket({}),
  ...refusals(generalResponses, {
    ...authRequestRefusals,
    'malformed-socket-id': { socket_id: '1234' },
    'not-allowed': undefined,
    'tenant-missing': undefined,
    'tenant-mismatch': undefined,
    'too-many-authorizations': undefined,
  }),
  tooManyRefused,
  unavailable,
];

/** What the sign-in routes say of themselves. */
export const userAuthDocs: Operation = {
  tags: ['Channels'],
  summary: 'Who is this connection?',
  description: 'What `pusher.signin()` asks. A guest session that no user is linked to is nobody.',
  security: anyCredential,
  parameters: tenantParameter,
  requestBody: formOrJson(
    { type: 'object', required: ['socket_id'], properties: authRequestFields },
    { user: { value: { socket_id: '1234.5678' } }, ...bodiesOf(faults) },
  ),
  responses: allOf(
    {
      200: decided(
        json(
          'Hand this to the Pusher server',
          {
            type: 'object',
            additionalProperties: false,
            required: ['auth', 'user_data'],
            properties: {
              auth: { type: 'string', pattern: '^[^:]+:[0-9a-f]{64}$' },
              user_data: { type: 'string', description: 'The user, as JSON text' },
            },
          },
          {
            user: {
              value: {
                auth: 'app-key:cf6bbbc93d5e5121aa5ae661dfd255ff343397d4fccd4493bd467b56068fbc06',
                user_data: '{"id":"15"}',
              },
            },
          },
        ),
      ),
    },
    responsesFor(faults),
  ),
};
