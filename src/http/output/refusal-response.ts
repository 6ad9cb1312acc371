import type { RefusalCode } from '../../policy/decision.ts';

/** The status and message that the client receives for a refusal. */
export interface RefusalResponse {
  readonly status: 400 | 401 | 403 | 429;
  readonly message: string;
}

/** The response to each refusal code. */
export type RefusalResponses<Code extends string> = Readonly<Record<Code, RefusalResponse>>;

type ChannelRefusalResponses = RefusalResponses<RefusalCode>;

const tooManyAuthorizations = { status: 429, message: 'Too many authorizations' } as const;
const tooManySubscriptions = {
  status: 429,
  message: 'Too many channels on this connection',
} as const;
const malformedSocket = { status: 400, message: 'socket_id is malformed' } as const;
const badCredential = { status: 401, message: 'The credential is not valid' } as const;
const refused = { status: 403, message: 'You may not enter this channel' } as const;
const otherTenant = {
  status: 403,
  message: 'The tenant of the request, the credential and the channel must be the same',
} as const;

/**
 * The general routes. "Not found" and "forbidden" have the same response. Otherwise anyone could find out which facts
 * exist.
 */
export const generalResponses: ChannelRefusalResponses = {
  'malformed-socket-id': malformedSocket,
  'malformed-channel': { status: 400, message: 'channel_name is malformed' },
  'unknown-channel': refused,
  'ambiguous-channel': refused,
  'credential-missing': { status: 401, message: 'A credential is required' },
  'credential-conflict': { status: 400, message: 'Only one credential may be presented' },
  'credential-malformed': badCredential,
  'credential-expired': { status: 401, message: 'The credential has expired' },
  'credential-rejected': badCredential,
  'credential-not-configured': badCredential,
  'origin-refused': { status: 403, message: 'The session may not be used from this page' },
  revoked: { status: 401, message: 'The credential has been revoked' },
  'tenant-missing': { status: 403, message: 'X-Tenant-ID is required' },
  'tenant-mismatch': otherTenant,
  'hotel-mismatch': refused,
  'booking-mismatch': refused,
  'fact-missing': refused,
  'booking-closed': refused,
  'wrong-kind': refused,
  'not-allowed': refused,
  'too-many-authorizations': tooManyAuthorizations,
  'too-many-subscriptions': tooManySubscriptions,
};

const format = { status: 403, message: 'Invalid channel format' } as const;
const token = { status: 403, message: 'Token expired or invalid' } as const;
const booking = { status: 403, message: 'Invalid token or booking not found' } as const;
const hotel = { status: 403, message: 'Hotel access denied' } as const;

/** The hotel chat's route. The existing client parses these messages. */
export const guestChatResponses: ChannelRefusalResponses = {
  'malformed-socket-id': malformedSocket,
  'malformed-channel': format,
  'unknown-channel': format,
  'ambiguous-channel': format,
  'credential-missing': token,
  'credential-conflict': { status: 400, message: 'Only one token may be presented' },
  'credential-malformed': token,
  'credential-expired': token,
  'credential-rejected': token,
  'credential-not-configured': token,
  'origin-refused': token,
  revoked: token,
  'tenant-missing': hotel,
  'tenant-mismatch': hotel,
  'hotel-mismatch': hotel,
  'booking-mismatch': { status: 403, message: 'Channel access denied - booking mismatch' },
  'fact-missing': booking,
  'booking-closed': booking,
  'wrong-kind': format,
  'not-allowed': booking,
  'too-many-authorizations': tooManyAuthorizations,
  'too-many-subscriptions': tooManySubscriptions,
};
