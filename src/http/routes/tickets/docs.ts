import { maxCharacters } from '../../input/lengths.ts';
import { closedObject, decided, json, openObject, type Schema } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { issueResponses, redeemResponses } from './refusal-responses.ts';

const id: Schema = {
  type: ['string', 'null'],
  maxLength: maxCharacters.id,
  pattern: '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]*$',
};

const clientInfo: Schema = {
  type: ['object', 'null'],
  description: 'Data about the client; it is not stored',
  properties: {
    userAgent: { type: 'string', maxLength: 1024 },
    timestamp: { type: ['string', 'number'], maxLength: 64 },
  },
};

const expiresAt: Schema = { $ref: '#/components/schemas/Moment' };
const expiry = '2025-06-01T13:00:00.000Z';

const about = { entityId: 'E-7', entityType: 'order', providerResId: 'P-3' };
const page = {
  userId: '15',
  ...about,
  clientInfo: { userAgent: 'Mozilla/5.0', timestamp: 1748779200000 },
};

const ticket: Schema = { type: 'string', pattern: '^ws_ticket_[0-9a-f]{64}$' };
const goodTicket = `ws_ticket_${'5d'.repeat(32)}`;

export const issueTicketDocs = docs.describeRoute({
  tag: 'Tickets',
  summary: 'Issue a ticket for a WebSocket',
  description:
    'The ticket is for the user of the token. It can be redeemed once, and expires with the token at the latest.',
  security: [{ userToken: [], chatServerKey: [] }],
  body: {
    schema: {
      type: 'object',
      properties: {
        userId: { ...id, description: 'If present, the subject of the token' },
        entityId: id,
        entityType: id,
        providerResId: id,
        clientInfo,
      },
    },
    examples: { page: { value: page } },
    onlyJson: true,
  },
  ok: decided(
    json(
      'The ticket. No other response contains it.',
      closedObject({ success: { const: true }, ticket, expiresAt }),
      { page: { value: { success: true, ticket: goodTicket, expiresAt: expiry } } },
    ),
  ),
  faults: [
    ...docs.jsonBodyFaults,
    docs.fault('not-an-object', [400, 'clientInfo must be an object'], {
      ...page,
      clientInfo: 'Mozilla/5.0',
    }),
    ...docs.refusals(issueResponses, ['credential-missing', 'credential-expired']),
    ...docs.refusedBodies(issueResponses, { 'wrong-user': { ...page, userId: '16' } }),
    docs.fault('unavailable', [500, 'Failed to generate ticket']),
    docs.tooManyRefused,
  ],
  errorBody: 'ticket',
});

const text: Schema = { type: 'string' };

export const redeemTicketDocs = docs.describeRoute({
  tag: 'Tickets',
  summary: 'Redeem a ticket',
  description:
    'Only one request for a ticket succeeds, and only that of the chat server for which the ticket was issued.',
  security: [{ chatServerKey: [], chatServerSecret: [] }],
  body: {
    schema: openObject(
      { ticket: { type: 'string', minLength: 1, maxLength: maxCharacters.ticket }, clientInfo },
      ['clientInfo'],
    ),
    examples: { redeemed: { value: { ticket: goodTicket } } },
    onlyJson: true,
  },
  ok: decided(
    json(
      'The user of the ticket',
      closedObject({
        success: { const: true },
        user: closedObject(
          { userId: text, entityId: text, entityType: text, providerResId: text },
          ['entityId', 'entityType', 'providerResId'],
        ),
        expiresAt,
      }),
      {
        redeemed: { value: { success: true, user: { userId: '15', ...about }, expiresAt: expiry } },
      },
    ),
  ),
  faults: [
    ...docs.jsonBodyFaults,
    docs.fault('no-ticket', [400, 'ticket is required'], {}),
    ...docs.refusals(redeemResponses, [
      'server-key-missing',
      'server-key-rejected',
      'ticket-unknown',
      'ticket-expired',
    ]),
    docs.tooManyRefused,
    docs.unavailable,
  ],
  errorBody: 'ticket',
});
