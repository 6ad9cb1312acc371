import type { OwnRefusalCode } from '../../../src/policy/decision.ts';
import { testSeconds } from '../../support/tokens.ts';
import { guestToken, userToken } from '../../support/usher.ts';
import { guestRequest, userRequest, signInRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

/** A request, and the status and message of its refusal. */
type Refused = readonly [request: TestRequest, status: 400 | 401 | 403, message: string];

/** Requests for each refusal by kind of route; `nowhere` has the reason if no request can get one. */
export type Scenario =
  | { readonly general?: Refused; readonly signIn?: Refused; readonly hotel?: Refused }
  | { readonly nowhere: string };

/** A booking that the test cancels, in addition to the demo's. */
export const cancelled = 'BK-CANCELLED';

/** The id of a token that the test revokes. */
export const revokedToken = 'token-revoked';

const refused = 'You may not enter this channel';
const tenants = 'The tenant of the request, the credential and the channel must be the same';
const invalid = 'The credential is not valid';
const badToken = 'Token expired or invalid';
const badFormat = 'Invalid channel format';

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const channel = (channel_name: string) => ({ fields: { channel_name } });
const token = (text: string) => ({ fields: { token: text } });
const ofBooking = (booking: string) => `private-hotel-grand-hotel-guest-chat-booking-${booking}`;
const revoked = { jti: revokedToken };
const expired = { exp: testSeconds };
const tooLong = { exp: testSeconds + 7201 };
const noCredentials = { headers: { authorization: undefined } };
const noTenant = { headers: { 'x-tenant-id': undefined } };
const otherTenant = { headers: { 'x-tenant-id': '2' } };
/** Two matches: the slug may contain the separator before the booking. */
const ambiguousName = `${ofBooking('BK-1')}-guest-chat-booking-BK-2`;

/** The codes of the shipped policies. */
type PolicyCode = 'hotel-mismatch' | 'booking-mismatch' | 'booking-closed';

/** A code without a row does not compile. */
export const scenarios: Readonly<Record<OwnRefusalCode | PolicyCode, Scenario>> = {
  'malformed-socket-id': {
    general: [userRequest({ fields: { socket_id: '1' } }), 400, 'socket_id is malformed'],
    signIn: [signInRequest({ fields: { socket_id: '1.2:3' } }), 400, 'socket_id is malformed'],
    hotel: [guestRequest({ fields: { socket_id: '1.2 ' } }), 400, 'socket_id is malformed'],
  },
  'malformed-channel': {
    general: [userRequest(channel('announcements')), 400, 'channel_name is malformed'],
    hotel: [guestRequest(channel('private-a:b')), 403, badFormat],
  },
  'unknown-channel': {
    general: [userRequest(channel('private-tenant.1')), 403, refused],
    hotel: [guestRequest(channel('private-hotel-grand-hotel-staff')), 403, badFormat],
  },
  'ambiguous-channel': {
    general: [userRequest(channel(ambiguousName)), 403, refused],
    hotel: [guestRequest(channel(ambiguousName)), 403, badFormat],
  },
  'credential-missing': {
    general: [userRequest(noCredentials), 401, 'A credential is required'],
    signIn: [signInRequest(noCredentials), 401, 'A credential is required'],
  },
  'credential-conflict': {
    nowhere: 'a request can carry one kind of explicit credential; see authorize-channel.test.ts',
  },
  'credential-malformed': {
    general: [userRequest(bearer('not-a-token')), 401, invalid],
    signIn: [signInRequest(bearer('a.b')), 401, invalid],
    hotel: [guestRequest(token('not-a-token')), 403, badToken],
  },
  'credential-expired': {
    general: [userRequest(bearer(userToken(expired))), 401, 'The credential has expired'],
    signIn: [signInRequest(bearer(userToken(expired))), 401, 'The credential has expired'],
    hotel: [guestRequest(token(guestToken(expired))), 403, badToken],
  },
  'credential-rejected': {
    general: [userRequest(bearer(userToken(tooLong))), 401, invalid],
    signIn: [signInRequest(bearer(guestToken())), 401, invalid],
    hotel: [guestRequest(token(userToken())), 403, badToken],
  },
  'credential-not-configured': {
    nowhere: 'every kind is configured there; see credential-kinds.test.ts',
  },
  'origin-refused': {
    nowhere: 'only a session cookie is bound to pages; see session-cookie.test.ts',
  },
  revoked: {
    general: [userRequest(bearer(userToken(revoked))), 401, 'The credential has been revoked'],
    signIn: [signInRequest(bearer(userToken(revoked))), 401, 'The credential has been revoked'],
    hotel: [guestRequest(token(guestToken(revoked))), 403, badToken],
  },
  'tenant-missing': {
    general: [userRequest(noTenant), 403, 'X-Tenant-ID is required'],
    signIn: [signInRequest(noTenant), 403, 'X-Tenant-ID is required'],
  },
  'tenant-mismatch': {
    general: [userRequest(otherTenant), 403, tenants],
    signIn: [signInRequest(otherTenant), 403, tenants],
  },
  'hotel-mismatch': {
    hotel: [guestRequest(token(guestToken({ hotel_slug: 'other' }))), 403, 'Hotel access denied'],
  },
  'booking-mismatch': {
    hotel: [
      guestRequest(token(guestToken({ booking_id: 'BK-2' }))),
      403,
      'Channel access denied - booking mismatch',
    ],
  },
  'fact-missing': {
    nowhere:
      'every rule checks something of its fact, and that fails first; see authorize-channel.test.ts',
  },
  'booking-closed': {
    hotel: [
      guestRequest({
        fields: {
          channel_name: ofBooking(cancelled),
          token: guestToken({ booking_id: cancelled }),
        },
      }),
      403,
      'Invalid token or booking not found',
    ],
  },
  'wrong-kind': {
    general: [userRequest(channel(ofBooking('BK-2025-ABC123'))), 403, refused],
    hotel: [guestRequest(channel('private-tenant.1.user.15')), 403, badFormat],
  },
  'not-allowed': {
    general: [userRequest(channel('private-tenant.1.user.16')), 403, refused],
  },
  'too-many-authorizations': {
    nowhere: 'one request is never too many; see grant-limits.test.ts',
  },
  'too-many-subscriptions': {
    nowhere: 'one request is never too many; see grant-limits.test.ts',
  },
};
