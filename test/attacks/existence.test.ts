import { beforeAll, describe, expect, it } from 'vitest';
import {
  createDjangoApplication,
  djangoCookies,
  djangoRows,
  djangoSettings,
  type DjangoApplication,
} from '../support/django-application.ts';
import {
  send,
  guestRequest,
  userRequest,
  type TestResponse,
  type TestRequest,
} from '../http/requests.ts';
import { getTicket, redeemRequest, ticketEnvironment } from '../http/ticket-requests.ts';
import { allowedOrigin, guestToken, startUsher, useUsher, userToken } from '../support/usher.ts';

/** The parts of a response that an attacker can compare. Ids and the date are new in every one. */
function seen({ status, headers, text }: TestResponse): unknown {
  const ids = ['x-request-id', 'x-decision-id'];
  const visible = [...headers].filter(([name]) => name !== 'date');
  return {
    status,
    headers: visible.map(([name, value]) => [name, ids.includes(name) ? 'id' : value]),
    text: text.replace(/"request_id":"[^"]+"/, '"request_id":"id"'),
  };
}

async function put(base: string, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const request = {
    method: 'PUT',
    path: `/resources/${path}`,
    headers,
    body: JSON.stringify(body),
  };
  expect((await send(base, request)).status).toBe(200);
}

describe('a resource of another owner and one that does not exist get the same response', () => {
  const usher = useUsher(ticketEnvironment);
  beforeAll(async () => {
    await put(usher.operator, 'rooms/taken', { participants: ['16'] });
    await put(usher.operator, 'tenants/1/escrows/77', {
      buyer_id: '16',
      seller_id: '17',
      status: 'FUNDED',
    });
    await put(usher.operator, 'tenants/2/escrows/77', {
      buyer_id: '15',
      seller_id: '17',
      status: 'FUNDED',
    });
    await put(usher.operator, 'hotels/grand-hotel/bookings/BK-OTHER', { status: 'open' });
    await put(usher.operator, 'hotels/grand-hotel/bookings/BK-GONE', { status: 'cancelled' });
  });
  const named = (channel_name: string): TestRequest => userRequest({ fields: { channel_name } });
  const guest = (booking: string, token: string): TestRequest => {
    const channel_name = `private-hotel-grand-hotel-guest-chat-booking-${booking}`;
    return guestRequest({ fields: { channel_name, token } });
  };
  const session = (text: string): TestRequest =>
    userRequest({
      headers: { authorization: undefined, 'x-tenant-id': undefined, 'x-guest-session': text },
    });

  it.each<[string, () => TestRequest, () => TestRequest]>([
    ['a room', () => named('private-room-taken'), () => named('private-room-nowhere')],
    [
      'a presence channel of a room',
      () => named('presence-room-taken'),
      () => named('presence-room-nowhere'),
    ],
    [
      'an escrow',
      () => named('private-tenant.1.escrow.77'),
      () => named('private-tenant.1.escrow.99'),
    ],
    [
      'an escrow’s chat',
      () => named('private-tenant.1.escrow.77.chat'),
      () => named('private-tenant.1.escrow.99.chat'),
    ],
    [
      'another tenant’s escrow',
      () => named('private-tenant.2.escrow.77'),
      () => named('private-tenant.2.escrow.99'),
    ],
    [
      'a user',
      () => named('private-tenant.1.user.16'),
      () => named('private-tenant.1.user.nobody'),
    ],
    [
      'a tenant',
      () => named('private-tenant.2.announcements'),
      () => named('private-tenant.none.announcements'),
    ],
    ['a booking', () => guest('BK-OTHER', guestToken()), () => guest('BK-NOWHERE', guestToken())],
    [
      'a booking that was cancelled',
      () => guest('BK-GONE', guestToken({ booking_id: 'BK-GONE' })),
      () => guest('BK-NOWHERE', guestToken({ booking_id: 'BK-NOWHERE' })),
    ],
    [
      'a channel type',
      () => named('private-tenant.1.admin'),
      () => named('private-tenant.1.nothing'),
    ],
    [
      'the format of a ticket',
      () => redeemRequest(`ws_ticket_${'0'.repeat(64)}`),
      () => redeemRequest('ws_ticket_'),
    ],
    [
      'the format of a guest session',
      () => session(`guest_${'0'.repeat(64)}`),
      () => session('guest_'),
    ],
  ])('%s, byte for byte', async (_case, theirs, missing) => {
    const [one, other] = [await send(usher.public, theirs()), await send(usher.public, missing())];
    expect(one.status).toBeGreaterThan(399);
    expect(seen(one)).toEqual(seen(other));
  });

  it('also in a batch, and in a list', async () => {
    const path = '/pusher/auth/batch';
    const names = [
      'private-room-taken',
      'private-room-nowhere',
      'private-tenant.1.escrow.77',
      'private-tenant.1.escrow.99',
    ];
    const fields = Object.fromEntries(names.map((name, i) => [`channel_name[${i}]`, name]));
    const response = await send(
      usher.public,
      userRequest({ path, fields: { channel_name: undefined, ...fields } }),
    );
    const entryOf = (name: string) => ({
      status: 403,
      message: name.includes('room')
        ? 'Access denied to this room'
        : 'You may not enter this channel',
      decision_id: expect.any(String) as string,
    });
    expect(response.body).toEqual(Object.fromEntries(names.map((name) => [name, entryOf(name)])));
    const headers = { authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };
    const list = await send(usher.public, { method: 'GET', path: '/api/channels', headers });
    expect(list.status).toBe(200);
    expect(list.text).not.toMatch(/taken|nowhere|77|99/);
  });

  it('a redeemed ticket and an unknown one', async () => {
    const ticket = await getTicket(usher.public);
    expect((await send(usher.public, redeemRequest(ticket))).status).toBe(200);
    const spent = await send(usher.public, redeemRequest(ticket));
    const never = await send(usher.public, redeemRequest(`ws_ticket_${'1'.repeat(64)}`));
    expect(seen(spent)).toEqual(seen(never));
  });
});

describe('an order of another user', () => {
  it('gets the same response as one that does not exist', async () => {
    const host: DjangoApplication = await createDjangoApplication();
    await host.fill(djangoRows);
    const usher = await startUsher(djangoSettings(host));
    await put(usher.operator, 'orders/99', { owner_id: '1' });
    const requestFor = (channel_name: string) => {
      const headers = { origin: allowedOrigin, cookie: `sessionid=${djangoCookies.bob}` };
      const gone = { authorization: undefined, 'x-tenant-id': undefined };
      return send(
        usher.public,
        userRequest({ fields: { channel_name }, headers: { ...gone, ...headers } }),
      );
    };
    const [theirs, missing] = [
      await requestFor('private-payment-99'),
      await requestFor('private-payment-98'),
    ];
    expect(theirs.status).toBe(403);
    expect(seen(theirs)).toEqual(seen(missing));
    await usher.stop();
    await host.drop();
  });
});
