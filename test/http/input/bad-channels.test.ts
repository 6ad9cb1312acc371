import { describe, expect, it } from 'vitest';
import { useUsher, userToken } from '../../support/usher.ts';
import { send, asJson, guestRequest, guestChannel, userRequest } from '../requests.ts';
import type { TestResponse, TestRequest } from '../requests.ts';

const booking = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';
const own = 'private-tenant.1.user.15';

/** Texts that resemble the given name; every endpoint must refuse them. */
const similarNames = (name: string): readonly string[] => [
  name.toUpperCase(),
  name.replace('private-', 'Private-'),
  name.replace('private-', 'presence-'),
  name.replace('private-', 'private-cache-'),
  name.replace('private-', 'private-encrypted-'),
  name.replace('private-', 'private-encrypted-cache-'),
  name.replace('private-', 'private-private-'),
  name.replace('private-', 'private_'),
  name.replace('private-', ''),
  name.slice(0, -1),
  `${name}0`,
  `${name}-`,
  `${name}.`,
  `${name}.15`,
  `${name}\n`,
  `${name}\r\n`,
  `${name}\r\nX-Injected: 1`,
  `${name} `,
  ` ${name}`,
  `${name}\0`,
  `${name}\u200B`,
  `${name}#`,
  `${name}?`,
  `${name}*`,
  `${name}%0A`,
  `${name}:{"user_id":"1"}`,
  encodeURIComponent(`${name}/`),
  name.replace('-', '%2D'),
  name.replace('-', '\u2010'),
  name.replace('a', '\u0430'),
  name.replace('e', '\u0435'),
  name.replace(/[0-9]/, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  `${name},${name}`,
  `${name};${name}`,
];

/** Names that forge an identity if they are signed. */
const oracles: readonly string[] = [
  ':user::{"id":"15"}',
  '::user::{"id":"15"}',
  'presence-x:{"user_id":"admin"}',
  'presence-tenant.1.escrow.42.chat:{"user_id":"16"}',
  `${own}:{"user_id":"16"}`,
  '*',
  'private-*',
  'private-tenant.1.user.*',
  'private-tenant.{tenantId}.user.15',
  'private-__proto__',
  'private-constructor',
];

const ofTenant: readonly string[] = [
  'private-tenant.1',
  'private-tenant.1.',
  'private-tenant..user.15',
  'private-tenant.1.user',
  'private-tenant.1.user.',
  'private-tenant.1..user.15',
  'private-tenant.1.users.15',
  'private-tenant.1.user.15.chat',
  'private-tenant.01.user.15',
  'private-tenant.1.user.015',
  'private-tenant.2.user.15',
  'private-tenant.1.escrow.42.Chat',
  'private-tenant.1.escrow.42.chat.chat',
  'private-tenant.1.escrow.43',
  'presence-tenant.1.escrow.42',
  'presence-tenant.1.user.15',
  'presence-tenant.1.announcements',
  'private-tenant.1.announcements.all',
  'private-announcement',
  'private-',
  'presence-',
  'announcements',
];

const ofHotel: readonly string[] = [
  'private-hotel-grand-hotel-staff',
  'private-hotel-grand-hotel-guest-chat',
  'private-hotel-grand-hotel-guest-chat-booking-',
  'private-hotel--guest-chat-booking-BK-2025-ABC123',
  'private-hotel-other-hotel-guest-chat-booking-BK-2025-ABC123',
  'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC124',
  'private-hotel-grand-hotel-guest-chat-booking-bk-2025-abc123',
  'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123-guest-chat-booking-BK-2025-ABC123',
  'private-hotels-grand-hotel-guest-chat-booking-BK-2025-ABC123',
];

function expectNothingSigned(response: TestResponse): void {
  expect([400, 403]).toContain(response.status);
  expect(response.text).not.toMatch(/"auth"|"channel_data"|"shared_secret"/);
  expect(response.headers.get('x-injected')).toBeNull();
  expect(response.headers.get('x-decision-id')).toBeTruthy();
}

describe('a channel name that is almost valid', () => {
  const usher = useUsher();
  /** In a form, and in JSON with every character escaped. */
  const bothWays = (request: TestRequest, name: string): readonly TestRequest[] => {
    const fields = Object.fromEntries(request.body as URLSearchParams);
    const escaped = Array.from(
      { length: name.length },
      (_, i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`,
    );
    const json = JSON.stringify({ ...fields, channel_name: '' });
    return [
      request,
      asJson(request, json.replace('"channel_name":""', `"channel_name":"${escaped.join('')}"`)),
    ];
  };

  it.each([own, booking])('%s itself is valid', async (name) => {
    const requestFor = name === own ? userRequest : guestRequest;
    for (const request of bothWays(requestFor({ fields: { channel_name: name } }), name)) {
      expect((await send(usher.public, request)).status).toBe(200);
    }
  });

  it.each([...similarNames(own), ...oracles, ...ofTenant, guestChannel])(
    'is refused for a user: %j',
    async (name) => {
      for (const request of bothWays(userRequest({ fields: { channel_name: name } }), name)) {
        expectNothingSigned(await send(usher.public, request));
      }
    },
  );

  it.each([...similarNames(booking), ...oracles, ...ofHotel, own])(
    'is refused for a guest: %j',
    async (name) => {
      for (const request of bothWays(guestRequest({ fields: { channel_name: name } }), name)) {
        expectNothingSigned(await send(usher.public, request));
      }
    },
  );

  it('is refused for an admin as well', async () => {
    const headers = { authorization: `Bearer ${userToken({ role: 'admin' })}` };
    for (const channel_name of [
      ...oracles,
      'private-tenant.1.escrow.42.chat.',
      'private-tenant.2.admin',
    ]) {
      expectNothingSigned(
        await send(usher.public, userRequest({ fields: { channel_name }, headers })),
      );
    }
  });
});

describe('the hotel of the path', () => {
  const usher = useUsher();

  it.each([
    '/api/guest/hotel/other-hotel/chat/pusher/auth',
    '/api/guest/hotel/Grand-Hotel/chat/pusher/auth',
    '/api/guest/hotel/grand-hotel%2F/chat/pusher/auth',
    '/api/guest/hotel/grand-hotel%00/chat/pusher/auth',
    '/api/guest/hotel/grand%252Dhotel/chat/pusher/auth',
    '/api/guest/hotel/%7Bhotel%7D/chat/pusher/auth',
  ])('%s is another hotel', async (path) => {
    const response = await send(usher.public, guestRequest({ path }));
    expect([response.status, response.body]).toStrictEqual([
      403,
      { error: 'Forbidden', message: 'Hotel access denied' },
    ]);
  });
});
