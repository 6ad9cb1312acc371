import { describe, expect, it } from 'vitest';
import { guestToken, useUsher, userToken } from '../../support/usher.ts';
import { send, guestRequest, userRequest } from '../requests.ts';
import type { TestResponse, TestRequest } from '../requests.ts';

const booking = '/resources/hotels/grand-hotel/bookings/BK-7';
const escrow = '/resources/tenants/1/escrows/7';
const put = (path: string, body: unknown, type = 'application/json'): TestRequest => ({
  method: 'PUT',
  path,
  headers: { 'content-type': type },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const get = (path: string): TestRequest => ({ method: 'GET', path });
const remove = (path: string): TestRequest => ({ method: 'DELETE', path });

describe('the facts on the operator’s port', () => {
  const usher = useUsher();
  const responseTo = (request: TestRequest): Promise<TestResponse> => send(usher.operator, request);
  const seen = async (request: TestRequest) => {
    const { status, body } = await responseTo(request);
    return [status, body];
  };
  const absent = [404, { error: 'Not Found', message: 'There is no such resource' }];

  it.each([
    [booking, { status: 'open' }, { status: 'cancelled' }],
    [
      booking,
      { status: 'open', room_number: '101', check_out: '2025-06-03T11:00:00.000Z' },
      { status: 'open', room_number: 'Süd 7' },
    ],
    [
      escrow,
      { buyer_id: '15', seller_id: '16', status: 'FUNDED' },
      { buyer_id: 'b', seller_id: 's', status: 'DISPUTED' },
    ],
  ])('%s is stored, read, replaced and removed', async (path, first, second) => {
    expect(await seen(get(path))).toMatchObject(absent);
    expect(await seen(put(path, first))).toStrictEqual([200, first]);
    expect(await seen(get(path))).toStrictEqual([200, first]);
    expect(await seen(put(path, second))).toStrictEqual([200, second]);
    expect(await seen(get(`${path}/`))).toStrictEqual([200, second]);
    const removed = await responseTo(remove(path));
    expect([removed.status, removed.text]).toStrictEqual([204, '']);
    expect(await seen(remove(path))).toMatchObject(absent);
    expect(await seen(get(path))).toMatchObject(absent);
  });

  it('takes a form as well as JSON', async () => {
    const type = 'application/x-www-form-urlencoded';
    const response = await seen(put(booking, 'status=open&room_number=7', type));
    expect(response).toStrictEqual([200, { status: 'open', room_number: '7' }]);
    await responseTo(remove(booking));
  });

  it.each([
    ['2025-06-02', '2025-06-03T00:00:00.000Z'],
    ['2025-06-02T11:00:00Z', '2025-06-02T11:00:00.000Z'],
    ['2025-06-02T11:00:00+02:00', '2025-06-02T09:00:00.000Z'],
    ['2024-02-29', '2024-03-01T00:00:00.000Z'],
  ])('a stay until %s ends at %s', async (check_out, end) => {
    const response = await seen(put(booking, { status: 'open', check_out }));
    expect(response).toStrictEqual([200, { status: 'open', check_out: end }]);
    await responseTo(remove(booking));
  });

  it.each<[string, unknown]>([
    ['no body', ''],
    ['no status', {}],
    ['another status', { status: 'closed' }],
    ['a status that is a list', { status: ['open'] }],
    ['an unknown field', { status: 'open', room: '7' }],
    ['a room that is a number', { status: 'open', room_number: 7 }],
    ['an empty room', { status: 'open', room_number: '' }],
    ['a long room', { status: 'open', room_number: '7'.repeat(33) }],
    ['a room with a NUL character', { status: 'open', room_number: 'a\0' }],
    ['a __proto__ field', '{"status":"open","__proto__":{"room_number":"7"}}'],
    ['a time without a zone', { status: 'open', check_out: '2025-06-02T11:00:00' }],
    ['an invalid time', { status: 'open', check_out: '2025-06-02T25:00:00Z' }],
    ['a day that does not exist', { status: 'open', check_out: '2025-02-30' }],
    ['a date in words', { status: 'open', check_out: 'tomorrow' }],
    ['a number for a date', { status: 'open', check_out: 1 }],
    ['the year 0000', { status: 'open', check_out: '0000-00-00' }],
    ['a repeated field', '{"status":"open","status":"open"}'],
    ['a list', ['open']],
  ])('refuses a booking with %s', async (_case, body) => {
    const response = await responseTo(put(booking, body));
    expect(response.status).toBe(400);
    expect(Object.keys(response.body as object)).toStrictEqual(['error', 'message', 'request_id']);
    expect(await seen(get(booking))).toMatchObject(absent);
  });

  it.each<[string, unknown]>([
    ['no seller', { buyer_id: '1', status: 'FUNDED' }],
    ['a buyer that is a number', { buyer_id: 1, seller_id: '2', status: 'FUNDED' }],
    ['an empty buyer', { buyer_id: '', seller_id: '2', status: 'FUNDED' }],
    ['a long status', { buyer_id: '1', seller_id: '2', status: 'A'.repeat(65) }],
    ['null for a status', { buyer_id: '1', seller_id: '2', status: null }],
  ])('refuses an escrow with %s', async (_case, body) => {
    expect((await responseTo(put(escrow, body))).status).toBe(400);
  });

  it.each([
    '/resources/hotels/grand.hotel/bookings/BK-7',
    '/resources/hotels/grand-hotel/bookings/BK%2F7',
    '/resources/hotels/grand-hotel/bookings/BK%207',
    `/resources/hotels/grand-hotel/bookings/${'7'.repeat(81)}`,
    '/resources/tenants/%00/escrows/7',
  ])('refuses ids that no channel can contain: %s', async (path) => {
    for (const request of [put(path, { status: 'open' }), get(path), remove(path)]) {
      expect((await responseTo(request)).status).toBe(400);
    }
  });

  it('a change of a booking is applied to the next decision', async () => {
    const path = '/resources/hotels/grand-hotel/bookings/BK-8';
    const fields = {
      channel_name: 'private-hotel-grand-hotel-guest-chat-booking-BK-8',
      token: guestToken({ booking_id: 'BK-8' }),
    };
    const enters = async () => {
      const { status, body } = await send(usher.public, guestRequest({ fields }));
      return [status, (body as { channel_data?: string }).channel_data?.includes('"101"')];
    };
    expect(await enters()).toStrictEqual([403, undefined]);
    for (const [body, expected] of [
      [{ status: 'open' }, [200, false]],
      [{ status: 'open', room_number: '101' }, [200, true]],
      [{ status: 'cancelled' }, [403, undefined]],
      [{ status: 'open', check_out: '2025-06-01T12:00:00Z' }, [403, undefined]],
      [{ status: 'open', check_out: '2025-06-01' }, [200, false]],
    ]) {
      await responseTo(put(path, body));
      expect(await enters()).toStrictEqual(expected);
    }
    await responseTo(remove(path));
    expect(await enters()).toStrictEqual([403, undefined]);
  });

  it('a change of an escrow is applied to the next decision', async () => {
    const admin = userRequest({
      fields: { channel_name: 'private-tenant.1.escrow.8.chat' },
      headers: { authorization: `Bearer ${userToken({ sub: '9', role: 'admin' })}` },
    });
    const path = '/resources/tenants/1/escrows/8';
    for (const [status, expected] of [
      ['FUNDED', 403],
      ['DISPUTED', 200],
      ['disputed', 403],
      ['RELEASED', 403],
    ] as const) {
      await responseTo(put(path, { buyer_id: '15', seller_id: '16', status }));
      expect((await send(usher.public, admin)).status).toBe(expected);
    }
  });

  it('an escrow of one tenant is not found for another tenant', async () => {
    const fact = { buyer_id: '15', seller_id: '16', status: 'FUNDED' };
    await responseTo(put('/resources/tenants/2/escrows/9', fact));
    expect(await seen(get('/resources/tenants/1/escrows/9'))).toMatchObject(absent);
    const fields = { channel_name: 'private-tenant.1.escrow.9' };
    expect((await send(usher.public, userRequest({ fields }))).status).toBe(403);
  });
});

describe('GET /docs', () => {
  const usher = useUsher();
  const docs = (accept: string) =>
    send(usher.operator, { method: 'GET', path: '/docs', headers: { accept } });

  it('is a page for a browser, which loads and runs nothing', async () => {
    const { status, headers, text } = await docs(
      'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    );
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('vary')).toContain('Accept');
    expect(text).toContain('<code>POST /broadcasting/auth</code>');
    expect(text).toContain('private-tenant.1.user.15');
    expect(text).not.toMatch(/<script|href|src=/);
    // Examples have quotes and angles of their own.
    expect(text).not.toContain('{"');
  });

  it.each([
    '*/*',
    'application/json',
    'application/json, text/html',
    'application/vnd.oai.openapi+json',
  ])('is JSON for %s', async (accept) => {
    const { headers, body } = await docs(accept);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toMatchObject({ openapi: '3.1.0' });
  });
});

describe('facts of any kind', () => {
  const usher = useUsher();
  const seen = async (request: TestRequest) => {
    const { status, body } = await send(usher.operator, request);
    return [status, (body as { readonly message?: string } | undefined)?.message ?? body];
  };
  const post = (body: unknown): TestRequest => ({ ...put('/facts', body), method: 'POST' });

  it('are stored, read and removed by kind and ids, as with the path of the kind', async () => {
    const body = { status: 'open', room_number: '7' };
    expect(await seen(put('/facts/booking/grand-hotel/F-1', body))).toStrictEqual([200, body]);
    expect(await seen(get('/resources/hotels/grand-hotel/bookings/F-1'))).toStrictEqual([
      200,
      body,
    ]);
    expect(await seen(get('/facts/booking/grand-hotel/F-1/'))).toStrictEqual([200, body]);
    expect((await seen(remove('/facts/booking/grand-hotel/F-1')))[0]).toBe(204);
    expect((await seen(remove('/facts/booking/grand-hotel/F-1')))[0]).toBe(404);
  });

  it('have ids with any characters, each decoded separately', async () => {
    const body = { owner_id: 'auth0|15' };
    for (const id of ['a/b', 'ä b', '%', 'a;b?c#d']) {
      const path = `/facts/order/${encodeURIComponent(id)}`;
      expect(await seen(put(path, body))).toStrictEqual([200, body]);
      expect(await seen(get(path))).toStrictEqual([200, body]);
    }
    expect((await seen(get('/facts/order/a/b')))[0]).toBe(400);
  });

  const kinds = 'it has booking, escrow, order, room';
  it.each<[TestRequest, number, string]>([
    [get('/facts/hotel/1'), 404, `The policy has no facts of the kind "hotel"; ${kinds}`],
    [get('/facts/booking/1'), 400, 'booking has 2 ids: hotelSlug, bookingId'],
    [get('/facts/order/'), 400, 'order has 1 ids: orderId'],
    [get('/facts/order/%00'), 400, 'orderId has a character that cannot be stored'],
    [get('/facts/order/%ff'), 400, 'The path is malformed'],
    [put('/facts/order/1', { owner: '1' }), 400, "body must have required property 'owner_id'"],
    [get('/resources/hotels/1'), 404, 'There is no such route'],
    [get('/resources/orders/'), 404, 'There is no such route'],
  ])('refuses %j', async (request, status, message) => {
    expect(await seen(request)).toStrictEqual([status, message]);
  });

  it('are stored as a list, all or none', async () => {
    const order = { orderId: 'L-1', owner_id: '15' };
    const escrow = { tenantId: '1', escrowId: 'L', buyer_id: '1', seller_id: '2', status: 'x' };
    expect((await seen(post({ order: [order], escrow: [escrow] })))[0]).toBe(204);
    expect(await seen(get('/facts/order/L-1'))).toStrictEqual([200, { owner_id: '15' }]);
    expect(await seen(get('/resources/tenants/1/escrows/L'))).toMatchObject([200, {}]);
    const changed = { ...order, owner_id: '16' };
    for (const [body, message] of [
      [{ order: [changed], escrow: [{}] }, "body/escrow/0 must have required property 'tenantId'"],
      [
        { order: [changed, { orderId: 'M' }] },
        "body/order/1 must have required property 'owner_id'",
      ],
      [{ order: [changed, { ...order, orderId: 1 }] }, 'body/order/1/orderId must be string'],
      [
        { order: [changed, { ...order, orderId: 'a\n' }] },
        'body/order/1: orderId has a character that cannot be stored',
      ],
      [{ order: [changed, changed] }, 'body/order/1: is the same fact as 0'],
      [{ order: [changed], hotel: [] }, `The policy has no facts of the kind "hotel"; ${kinds}`],
      [{ order: changed }, 'body/order must be array'],
      [{ order: [changed, 'x'] }, 'body/order/1 must be object'],
      [
        { order: Array.from({ length: 1001 }, (_, i) => ({ ...order, orderId: String(i) })) },
        'body must NOT have more than 1000 items',
      ],
    ] as const) {
      expect(await seen(post(body))).toStrictEqual([400, message]);
    }
    expect(await seen(get('/facts/order/L-1'))).toStrictEqual([200, { owner_id: '15' }]);
  });
});
