import {
  anyCredential,
  authRequestFields,
  authRequestRefusals,
  headerFaults,
  noSocket,
  tenantParameter,
} from '../../input/auth-request-docs.ts';
import { closedObject, decided, json, openObject } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { generalResponses } from '../../output/refusal-response.ts';

export const userAuthDocs = docs.describeRoute({
  tag: 'Channels',
  summary: 'Authenticate a user',
  description: 'For `pusher.signin()`. A guest session that is not linked to a user is refused.',
  security: anyCredential,
  parameters: tenantParameter,
  body: {
    schema: openObject(authRequestFields, ['guest_session']),
    examples: { user: { value: { socket_id: '1234.5678' } } },
  },
  ok: decided(
    json(
      'The signature, which the client sends to the Pusher server',
      closedObject({
        auth: { type: 'string', pattern: '^[^:]+:[0-9a-f]{64}$' },
        user_data: { type: 'string', description: 'The user, as JSON text' },
      }),
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
  faults: [
    ...docs.bodyFaults,
    ...headerFaults,
    noSocket({}),
    ...docs.refusals(generalResponses, authRequestRefusals),
    ...docs.refusedBodies(generalResponses, { 'malformed-socket-id': { socket_id: '1234' } }),
    ...docs.refusals(generalResponses, [
      'tenant-missing',
      'tenant-mismatch',
      'too-many-authorizations',
    ]),
    docs.tooManyRefused,
    docs.unavailable,
  ],
});
