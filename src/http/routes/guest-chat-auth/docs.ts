import { channelField } from '../../input/auth-request-docs.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { allOf, decided, formOrJson, json, type Operation } from '../../openapi/operation.ts';
import {
  responsesFor,
  bodiesOf,
  bodyFaults,
  refusals,
  tooManyRefused,
  unavailable,
} from '../../output/error-docs.ts';
import { guestChatResponses } from '../../output/refusal-response.ts';
import { signature } from '../../output/signature-docs.ts';

const own = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';
const asks = (channel_name: string, socket_id = '1234.5678') => ({ socket_id, channel_name });

const faults = [
  ...bodyFaults,
  {
    name: 'tokens-differ',
    status: 400,
    message: 'The tokens in the query and in the body differ',
    request: { ...asks(own), token: 'another' },
  },
  ...refusals(guestChatResponses, {
    'malformed-socket-id': asks(own, '1234'),
    'unknown-channel': asks('private-hotel-grand-hotel-staff'),
    'credential-expired': undefined,
    'hotel-mismatch': undefined,
    'booking-mismatch': asks('private-hotel-grand-hotel-guest-chat-booking-BK-2025-XYZ789'),
    'booking-closed': asks('private-hotel-grand-hotel-guest-chat-booking-BK-2025-OLD001'),
    'too-many-authorizations': undefined,
  }),
  tooManyRefused,
  unavailable,
];

const missing = { channel_name: own };

/** What the hotel chat's route says of itself. */
export const guestChatAuthDocs: Operation = {
  tags: ['Channels'],
  summary: 'May this guest enter the chat of their booking?',
  description:
    'The one channel that this route signs is `private-hotel-{hotelSlug}-guest-chat-booking-{bookingId}` of the token’s own booking.',
  security: [{ guestToken: [] }],
  requestBody: formOrJson(
    {
      type: 'object',
      required: ['socket_id', 'channel_name'],
      properties: {
        socket_id: { $ref: '#/components/schemas/SocketId' },
        channel_name: channelField,
        token: {
          type: 'string',
          maxLength: maxCharacters.token,
          description: 'The token, if it is not in the query; the same one if it is',
        },
      },
    },
    { guest: { value: asks(own) }, ...bodiesOf(faults), missing: { value: missing } },
  ),
  responses: allOf(
    {
      200: decided(
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
    },
    responsesFor(faults, 'hotel'),
    {
      400: json(
        'The request is malformed',
        { $ref: '#/components/schemas/HotelError' },
        { missing: { value: { error: 'Missing required parameters' } } },
      ),
    },
  ),
};
