import { authRequestRefusals } from '../input/auth-request-docs.ts';
import type { Responses } from '../openapi/operation.ts';
import {
  responsesFor,
  refusals,
  tooManyRefused,
  unavailable,
  type ErrorExample,
} from './error-docs.ts';
import { generalResponses } from './refusal-response.ts';

const everywhere: readonly ErrorExample[] = [
  {
    name: 'no-handshake',
    status: 426,
    message:
      'This address takes WebSocket connections only; if the client asked for one, a proxy dropped its Upgrade and Connection headers',
  },
  { name: 'too-many-attempts', status: 429, message: 'Too many connection attempts' },
];

/** How a handshake is refused where a ticket comes after it. */
export const ticketEndpointRefusals: Responses = responsesFor(everywhere);

/** How a handshake is refused where it is judged as for a channel. */
export const sessionEndpointRefusals: Responses = responsesFor([
  ...everywhere,
  { name: 'malformed-cookie', status: 400, message: 'The session cookie is malformed' },
  ...refusals(generalResponses, {
    ...authRequestRefusals,
    'not-allowed': undefined,
    'too-many-authorizations': undefined,
  }),
  tooManyRefused,
  unavailable,
]);
