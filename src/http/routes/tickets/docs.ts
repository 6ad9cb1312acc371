import { unknownTypes } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import {
  allOf,
  decided,
  json,
  onlyJson,
  type Operation,
  type Schema,
} from '../../openapi/operation.ts';
import {
  responsesFor,
  bodiesOf,
  refusals,
  unavailable,
  type ErrorExample,
} from '../../output/error-docs.ts';
import { issueResponses, redeemResponses } from './refusal-responses.ts';

const bodyFaults: readonly ErrorExample[] = [
  { name: 'not-json', status: 400, message: 'The body is not JSON' },
  { name: 'too-large', status: 413, message: 'The body is too large' },
  { name: 'another-type', status: 415, message: unknownTypes.json },
];

const tooManyRefused: ErrorExample = {
  name: 'too-many-refused',
  status: 429,
  message: 'Too many refused requests',
  decided: true,
};

const id: Schema = {
  type: ['string', 'null'],
  maxLength: maxCharacters.id,
  pattern: '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]*$',
};

const clientInfo: Schema = {
  type: ['object', 'null'],
  description: 'What the page says of itself; nothing of it is kept',
  properties: {
    userAgent: { type: 'string', maxLength: 1024 },
    timestamp: { type: ['string', 'number'], maxLength: 64 },
  },
};

const about = { entityId: 'E-7', entityType: 'order', providerResId: 'P-3' };
const page = {
  userId: '15',
  ...about,
  clientInfo: { userAgent: 'Mozilla/5.0', timestamp: 1748779200000 },
};

const issueFaults = [
  ...bodyFaults,
  {
    name: 'not-an-object',
    status: 400,
    message: 'clientInfo must be an object',
    request: { ...page, clientInfo: 'Mozilla/5.0' },
  },
  ...refusals(issueResponses, {
    'credential-missing': undefined,
    'credential-expired': undefined,
    'wrong-user': { ...page, userId: '16' },
  }),
  { name: 'unavailable', status: 500, message: 'Failed to generate ticket' },
  tooManyRefused,
];

const ticket: Schema = { type: 'string', pattern: '^ws_ticket_[0-9a-f]{64}$' };
const goodTicket = `ws_ticket_${'5d'.repeat(32)}`;

/** What `POST /api/websocket/ticket` says of itself. */
export const issueTicketDocs: Operation = {
  tags: ['Tickets'],
  summary: 'A ticket for a WebSocket',
  description:
    'For the user of the token, and nobody else. It is good once, and no longer than the token.',
  security: [{ userToken: [], chatServerKey: [] }],
  requestBody: onlyJson(
    {
      type: 'object',
      properties: {
        userId: { ...id, description: 'The token’s subject, if it is said at all' },
        entityId: id,
        entityType: id,
        providerResId: id,
        clientInfo,
      },
    },
    { page: { value: page }, ...bodiesOf(issueFaults) },
  ),
  responses: allOf(
    {
      200: decided(
        json(
          'The ticket; it is told this once',
          {
            type: 'object',
            additionalProperties: false,
            required: ['success', 'ticket', 'expiresAt'],
            properties: {
              success: { const: true },
              ticket,
              expiresAt: { $ref: '#/components/schemas/Moment' },
            },
          },
          {
            page: {
              value: { success: true, ticket: goodTicket, expiresAt: '2025-06-01T13:00:00.000Z' },
            },
          },
        ),
      ),
    },
    responsesFor(issueFaults, 'ticket'),
  ),
};

const redeemFaults = [
  ...bodyFaults,
  { name: 'no-ticket', status: 400, message: 'ticket is required', request: {} },
  ...refusals(redeemResponses, {
    'server-key-missing': undefined,
    'server-key-rejected': undefined,
    'ticket-unknown': undefined,
    'ticket-expired': undefined,
  }),
  tooManyRefused,
  unavailable,
];

/** What `POST /api/websocket/ticket/redeem` says of itself. */
export const redeemTicketDocs: Operation = {
  tags: ['Tickets'],
  summary: 'Redeem a ticket, as a chat server beside Usher',
  description:
    'Of any number of attempts one succeeds, and only for the chat server that the ticket was issued for.',
  security: [{ chatServerKey: [], chatServerSecret: [] }],
  requestBody: onlyJson(
    {
      type: 'object',
      required: ['ticket'],
      properties: {
        ticket: { type: 'string', minLength: 1, maxLength: maxCharacters.ticket },
        clientInfo,
      },
    },
    { redeemed: { value: { ticket: goodTicket } }, ...bodiesOf(redeemFaults) },
  ),
  responses: allOf(
    {
      200: decided(
        json(
          'Whose ticket it was',
          {
            type: 'object',
            additionalProperties: false,
            required: ['success', 'user', 'expiresAt'],
            properties: {
              success: { const: true },
              user: {
                type: 'object',
                additionalProperties: false,
                required: ['userId'],
                properties: {
                  userId: { type: 'string' },
                  entityId: { type: 'string' },
                  entityType: { type: 'string' },
                  providerResId: { type: 'string' },
                },
              },
              expiresAt: { $ref: '#/components/schemas/Moment' },
            },
          },
          {
            redeemed: {
              value: {
                success: true,
                user: { userId: '15', ...about },
                expiresAt: '2025-06-01T13:00:00.000Z',
              },
            },
          },
        ),
      ),
    },
    responsesFor(redeemFaults, 'ticket'),
  ),
};
