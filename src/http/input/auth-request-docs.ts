import { closedObject, type Operation, type Schema } from '../openapi/operation.ts';
import { fault, type ErrorExample } from '../output/route-docs.ts';
import { maxCharacters } from './lengths.ts';

/** The security schemes of the general routes. */
export const anyCredential: Operation['security'] = [
  { userToken: [] },
  { guestSession: [] },
  { sessionCookie: [] },
];

export const tenantParameter = [{ $ref: '#/components/parameters/X-Tenant-ID' }] as const;

/** The body fields of every general route. */
export const authRequestFields: Readonly<Record<'socket_id' | 'guest_session', Schema>> = {
  socket_id: { $ref: '#/components/schemas/SocketId' },
  guest_session: {
    type: 'string',
    maxLength: maxCharacters.token,
    description: 'In place of the header `X-Guest-Session`',
  },
};

export const channelField: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: maxCharacters.channelName,
  description: 'The channel, with its prefix `private-`, `presence-` or `private-encrypted-`',
};

export const noSocket = (request: object): ErrorExample =>
  fault('no-socket-id', [400, 'socket_id is required'], request);

export const noChannelName = fault('no-channel-name', [400, 'channel_name is required'], {
  socket_id: '1234.5678',
});

/** The refusal codes of a credential on every general route. */
export const authRequestRefusals = [
  'credential-missing',
  'credential-conflict',
  'credential-malformed',
  'credential-expired',
  'origin-refused',
  'revoked',
] as const;

/** The errors of repeated or malformed headers on the general routes. */
export const headerFaults: readonly ErrorExample[] = [
  fault('malformed-tenant', [400, 'The tenant is too long']),
  fault('malformed-cookie', [400, 'The session cookie is malformed']),
];

/** The signature of one channel. The field names are Pusher's. */
export const signature = closedObject(
  {
    auth: {
      type: 'string',
      pattern: '^[^:]+:[0-9a-f]{64}$',
      description: 'The key of the Pusher app, and the signature',
    },
    channel_data: {
      type: 'string',
      description:
        'The member, as JSON text: of presence channels, and of private channels whose policy says so',
    },
    shared_secret: {
      type: 'string',
      description: 'The key of a private-encrypted channel, in base64',
    },
  },
  ['channel_data', 'shared_secret'],
);
