import type { Operation, Schema } from '../openapi/operation.ts';
import type { ErrorExample } from '../output/error-docs.ts';
import { maxCharacters } from './lengths.ts';

/** The credentials of the general routes. */
export const anyCredential: Operation['security'] = [
  { userToken: [] },
  { guestSession: [] },
  { sessionCookie: [] },
];

/** The parameter by which a page names its tenant. */
export const tenantParameter = [{ $ref: '#/components/parameters/X-Tenant-ID' }] as const;

/** The fields that every general route reads of a body. */
export const authRequestFields: Readonly<Record<string, Schema>> = {
  socket_id: { $ref: '#/components/schemas/SocketId' },
  guest_session: {
    type: 'string',
    maxLength: maxCharacters.token,
    description: 'In place of the header `X-Guest-Session`',
  },
};

/** The field that names one channel. */
export const channelField: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: maxCharacters.channelName,
  description: 'The channel, with its prefix `private-`, `presence-` or `private-encrypted-`',
};

/** A body without a socket. */
export const noSocket = (request: object): ErrorExample => ({
  name: 'no-socket-id',
  status: 400,
  message: 'socket_id is required',
  request,
});

/** The reasons for which every general route can refuse who asks: how it does stands in its table. */
export const authRequestRefusals = {
  'credential-missing': undefined,
  'credential-conflict': undefined,
  'credential-malformed': undefined,
  'credential-expired': undefined,
  'origin-refused': undefined,
  revoked: undefined,
} as const;

/** The ways in which a repeated or malformed header of the general routes is refused. */
export const headerFaults: readonly ErrorExample[] = [
  { name: 'malformed-tenant', status: 400, message: 'The tenant is too long' },
  { name: 'malformed-cookie', status: 400, message: 'The session cookie is malformed' },
];
