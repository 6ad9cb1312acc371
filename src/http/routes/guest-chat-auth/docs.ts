import { channelField, signature } from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { decided, json, openObject } from '../../openapi/operation.ts';
import * as docs from '../../output/route-docs.ts';
import { guestChatResponses } from '../../output/refusal-response.ts';

const own = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';
const asks = (channel_name: string, socket_id = '1234.5678') => ({ socket_id, channel_name });

export const guestChatAuthDocs = docs.describeRoute({
  tag: 'Channels',
  summary: 'Authorize the chat of a booking',
  description:
    'The one channel that this route signs is `private-hotel-{hotelSlug}-guest-chat-booking-{bookingId}` of the token’s own booking.',
  security: [{ guestToken: [] }],
  body: {
    schema: openObject(
      {
        socket_id: { $ref: '#/components/schemas/SocketId' },
        channel_name: channelField,
        token: {
          type: 'string',
          maxLength: maxCharacters.token,
          description: 'The token, if it is not in the query; the same one if it is',
        },
      },
      ['token'],
    ),
    examples: { guest: { value: asks(own) } },
  },
  ok: decided(
    json('Hand this to the Pusher server', signature, {
      guest: {
        value: {
          auth: 'app-key:a09bfb5c03268be1cffb24fab17d17c273f742fb5c5e21033cd7b32d74c1b5e5',
          channel_data:
            '{"user_id":"guest_BK-2025-ABC123","user_info":{"name":"Guest","booking_id":"BK-2025-ABC123"}}',
        },
      },
    }),
  ),
  faults: [
    ...docs.bodyFaults,
    docs.fault('tokens-differ', [400, 'The tokens in the query and in the body differ'], {
      ...asks(own),
      token: 'another',
    }),
    ...docs.refusedBodies(guestChatResponses, {
      'malformed-socket-id': asks(own, '1234'),
      'unknown-channel': asks('private-hotel-grand-hotel-staff'),
    }),
    ...docs.refusals(guestChatResponses, ['credential-expired', 'hotel-mismatch']),
    ...docs.refusedBodies(guestChatResponses, {
      'booking-mismatch': asks('private-hotel-grand-hotel-guest-chat-booking-BK-2025-XYZ789'),
      'booking-closed': asks('private-hotel-grand-hotel-guest-chat-booking-BK-2025-OLD001'),
    }),
    ...docs.refusals(guestChatResponses, ['too-many-authorizations']),
    docs.tooManyRefused,
    docs.unavailable,
    docs.fault('missing', [400, 'Missing required parameters'], { channel_name: own }),
  ],
  errorBody: 'hotel',
});
