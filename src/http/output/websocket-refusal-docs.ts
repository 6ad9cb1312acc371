import { authRequestRefusals } from '../input/auth-request-docs.ts';
import type { Responses } from '../openapi/operation.ts';
import { fault, responsesFor, refusals, tooManyRefused, unavailable } from './route-docs.ts';
import { generalResponses } from './refusal-response.ts';

const handshakeFaults = [
  fault('no-handshake', [
    426,
    'This address accepts WebSocket connections only; if the client requested one, a proxy removed its Upgrade and Connection headers',
  ]),
  fault('too-many-attempts', [429, 'Too many connection attempts']),
];

/** The refusals of a handshake that precedes ticket authentication. */
export const ticketEndpointRefusals: Responses = responsesFor(handshakeFaults);

/** The refusals of a handshake that requires channel authorization. */
export const sessionEndpointRefusals: Responses = responsesFor([
  ...handshakeFaults,
  fault('malformed-cookie', [400, 'The session cookie is malformed']),
  ...refusals(generalResponses, [...authRequestRefusals, 'not-allowed', 'too-many-authorizations']),
  tooManyRefused,
  unavailable,
]);
