import { djangoCookies } from '../../support/django-application.ts';
import { testNow, testSeconds } from '../../support/tokens.ts';
import { allowedOrigin, type TestUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';
import { bearer, cookieOf, guest, operate, startSession } from './fixture.ts';
import type { Documented } from './read-document.ts';
import type { Change } from './requests.ts';

/** Prepares the state that a response needs; returns the changes to the documented request. */
export type Precondition = (usher: TestUsher, documented: Documented) => Change | Promise<Change>;

const headers = (changes: Change['headers']): Change => ({ headers: { ...changes } });
const noCredentials = { authorization: undefined, 'x-guest-session': undefined, cookie: undefined };
/** A request of a page of the application without tenants. */
const noTenant = { ...noCredentials, 'x-tenant-id': undefined };
const longId = 'x'.repeat(81);

/** The body of the demo's guest. */
const ofGuest = {
  socket_id: '1234.5678',
  channel_name: 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123',
};

const hotelChat = '/api/guest/hotel/{hotel}/chat/pusher/auth';

const putOrderOfBob: Precondition = async (usher) => {
  await operate(usher, ['PUT', '/resources/orders/1001'], { owner_id: '2' });
  return {};
};

const putFacts: Precondition = async (usher, { method, path }) => {
  if (method === 'PUT' || !/^\/(?:resources|facts)\//.test(path)) return {};
  for (const [fact, body] of Object.entries(facts)) {
    await operate(usher, ['PUT', `/resources/${fact}`], body);
  }
  return {};
};

/** Facts of the examples. */
const facts = {
  'hotels/grand-hotel/bookings/BK-2025-ABC123': {
    status: 'open',
    room_number: '15',
    check_out: '2025-06-03T11:00:00.000Z',
  },
  'tenants/1/escrows/42': { buyer_id: '15', seller_id: '15', status: '15' },
  'rooms/7': { participants: ['15', '16'] },
  'orders/1001': { owner_id: '15' },
};

async function getTicket(usher: TestUsher, authorization: string): Promise<string> {
  const response = await send(usher.public, {
    path: '/api/websocket/ticket',
    headers: { authorization, 'x-chat-server-key': 'chat', 'content-type': 'application/json' },
    body: JSON.stringify({ entityId: 'E-7', entityType: 'order', providerResId: 'P-3' }),
  });
  return (response.body as { readonly ticket: string }).ticket;
}

/** The preconditions of each response, by its name or by its operation and name. Responses without an entry need none. */
export const preconditions: Readonly<Record<string, Precondition>> = {
  'not-json': () => ({ text: '{' }),
  'too-large': () => ({ text: 'x'.repeat(1024 * 1024 + 1) }),
  'another-type': () => headers({ 'content-type': 'text/xml' }),
  'malformed-tenant': () => headers({ 'x-tenant-id': 'x'.repeat(129) }),
  'malformed-cookie': () => headers({ ...noTenant, cookie: 'sessionid="', origin: allowedOrigin }),

  'GET /usher-client.js bare': async (usher) => {
    const { headers: received } = await send(usher.public, {
      method: 'GET',
      path: '/usher-client.js',
    });
    return headers({ 'if-none-match': received.get('etag') ?? '' });
  },

  'credential-missing': () => headers(noCredentials),
  'credential-conflict': () => headers({ authorization: bearer(), 'x-guest-session': 'another' }),
  'credential-malformed': () => headers({ ...noCredentials, authorization: 'Bearer none' }),
  'DELETE /api/guest-sessions/current credential-malformed': () =>
    headers({ 'x-guest-session': 'none' }),
  'credential-expired': () =>
    headers({ ...noCredentials, authorization: bearer({ exp: testSeconds }) }),
  'origin-refused': () =>
    headers({
      ...noTenant,
      cookie: `sessionid=${djangoCookies.bob}`,
      origin: 'https://evil.example',
    }),
  revoked: async (usher) => {
    await operate(usher, ['POST', '/revocations'], {
      token_id: 'revoked',
      issued_before: new Date(testNow + 1).toISOString(),
    });
    return headers({ ...noCredentials, authorization: bearer({ jti: 'revoked' }) });
  },
  'tenant-missing': () => headers({ 'x-tenant-id': undefined }),
  'tenant-mismatch': (_usher, { path }) =>
    path.endsWith('user-auth') || path === '/api/channels' ? headers({ 'x-tenant-id': '2' }) : {},
  'session-cookie': () => headers({ ...noTenant, ...cookieOf('bob') }),

  [`POST ${hotelChat} malformed-socket-id`]: () => ({ value: { ...ofGuest, socket_id: '1234' } }),
  [`POST ${hotelChat} malformed-channel`]: () => ({
    value: { ...ofGuest, channel_name: 'private-hotel-grand-hotel-staff' },
  }),
  [`POST ${hotelChat} missing`]: () => ({ value: { channel_name: ofGuest.channel_name } }),
  [`POST ${hotelChat} credential-missing`]: () => ({
    query: { token: guest({ exp: testSeconds }) },
  }),
  [`POST ${hotelChat} tenant-missing`]: () => ({
    query: { token: guest({ hotel_slug: 'other' }) },
  }),
  [`POST ${hotelChat} booking-mismatch`]: () => ({
    query: { token: guest({ booking_id: 'BK-2025-XYZ789' }) },
  }),
  [`POST ${hotelChat} otherwise`]: async (usher) => {
    const booking_id = 'BK-2025-OLD001';
    const path = `/resources/hotels/grand-hotel/bookings/${booking_id}`;
    await operate(usher, ['PUT', path], { status: 'cancelled' });
    const channel_name = `private-hotel-grand-hotel-guest-chat-booking-${booking_id}`;
    return { query: { token: guest({ booking_id }) }, value: { ...ofGuest, channel_name } };
  },

  'POST /api/guest-sessions/link not-allowed': async (usher) => {
    const { token } = await startSession(usher);
    const both = { 'x-guest-session': token, authorization: bearer({ sub: '16' }) };
    await send(usher.public, { path: '/api/guest-sessions/link', headers: both });
    return headers({ 'x-guest-session': token });
  },

  redeemed: async (usher) => ({ value: { ticket: await getTicket(usher, bearer()) } }),
  'ticket-expired': async (usher) => {
    const ticket = await getTicket(usher, bearer({ exp: testSeconds + 1 }));
    usher.clock.now += 2_000;
    return { value: { ticket } };
  },
  'server-key-missing': () => headers({ 'x-chat-server-key': undefined }),
  'server-key-rejected': () => headers({ 'x-chat-server-secret': 'none' }),

  'GET /ws/payment-socket/{orderId}/ bare': putOrderOfBob,
  'GET /ws/payment-socket/{orderId}/ too-many-authorizations': putOrderOfBob,
  'GET /ws/all-seat-datasocket/ not-allowed': () => headers(cookieOf('alice')),
  'GET /ws/chat/ not-allowed': () => headers(cookieOf('alice')),
  'GET /ws/payment-socket/{orderId}/ not-allowed': () => headers(cookieOf('alice')),

  // Without a database no session can be started; this token has the form of one.
  'GET /forward-auth unknown-path': () => ({
    headers: { 'x-original-uri': '/ws/unknown/' },
    query: { channel: '' },
  }),
  'GET /forward-auth malformed-uri': () => headers({ 'x-original-uri': 'none' }),
  'GET /forward-auth different-uris': () =>
    headers({ 'x-original-uri': '/ws/chat/', 'x-forwarded-uri': '/ws/unknown/' }),
  'GET /forward-auth different-channels': () => headers({ 'x-original-uri': '/ws/chat/' }),

  unavailable: (_usher, { operation }) =>
    'guestSession' in (operation.security[0] ?? {})
      ? headers({ 'x-guest-session': `guest_${'0'.repeat(64)}` })
      : {},
  'not-by-localhost': () => headers({ origin: 'https://evil.example' }),
  'malformed-id': (_usher, { path }) => {
    const id = path.startsWith('/facts/') ? 'x'.repeat(256) : longId;
    return { inPath: { hotel: id, hotelSlug: id, tenantId: id, roomId: id, orderId: id, id } };
  },
  kept: putFacts,
  bare: putFacts,
  absent: () => ({
    inPath: { bookingId: 'none', escrowId: 'none', roomId: 'none', orderId: 'none' },
  }),
  refused: async (usher) => {
    const response = await send(usher.public, {
      path: '/broadcasting/auth',
      headers: { authorization: bearer(), 'x-tenant-id': '1' },
      body: new URLSearchParams({
        socket_id: '1234.5678',
        channel_name: 'private-tenant.1.user.16',
      }),
    });
    return { inPath: { id: response.headers.get('x-decision-id') ?? '' } };
  },
};
