import { integer, oneOf, type Setting } from './setting.ts';

const rate = [1, 1_000_000] as const;

/** In the order of the documentation. */
export const limitSettings = {
  RATE_LIMIT_CONNECTIONS: integer(
    'Unauthenticated WebSocket handshakes per minute and IP address',
    rate,
    { fallback: '10' },
  ),
  RATE_LIMIT_FAILURES: integer('Refused requests per minute and IP address', rate, {
    fallback: '60',
  }),
  RATE_LIMIT_GUEST_SESSIONS: integer('Guest sessions started per minute and IP address', rate, {
    fallback: '600',
  }),
  RATE_LIMIT_AUTHORIZATIONS: integer(
    'Granted channels and sign-ins per minute and principal',
    rate,
    {
      fallback: '600',
    },
  ),
  RATE_LIMIT_SUBSCRIPTIONS: integer(
    'Different channels per minute and connection (`socket_id`)',
    rate,
    { fallback: '20' },
  ),
  RATE_LIMIT_MESSAGES: integer('WebSocket messages per minute and principal', rate, {
    fallback: '30',
  }),
  RATE_LIMIT_MESSAGES_ACTION: oneOf(
    'Action for a message beyond that limit: close the WebSocket, or drop the message; 31 dropped messages in a row also close it',
    ['close', 'drop'],
    { fallback: 'drop' },
  ),
} satisfies Readonly<Record<string, Setting<unknown>>>;
