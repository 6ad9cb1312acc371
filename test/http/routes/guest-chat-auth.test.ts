import { describe, expect, it } from 'vitest';
import { guestToken, useUsher } from '../../support/usher.ts';
import { send, asJson, guestRequest, guestChannel, signature, socketId } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

const member =
  '{"user_id":"guest_BK-2025-ABC123","user_info":{"name":"Guest","booking_id":"BK-2025-ABC123"}}';
const granted = { auth: signature(socketId, guestChannel, member), channel_data: member };
const route = '/api/guest/hotel/grand-hotel/chat/pusher/auth';
const withTokenInQuery = `${route}?token=${guestToken()}`;
const tokenInQueryOnly = guestRequest({ path: withTokenInQuery, fields: { token: undefined } });

describe('the hotel chat’s route', () => {
  const usher = useUsher();

  it.each<[string, TestRequest]>([
    ['a form with the token', guestRequest()],
    ['the token in the query', tokenInQueryOnly],
    ['the same token in both', guestRequest({ path: withTokenInQuery })],
    ['a trailing slash', guestRequest({ path: `${route}/` })],
    ['a trailing slash and a query', guestRequest({ path: `${route}/?token=${guestToken()}` })],
    ['JSON', asJson(guestRequest())],
    ['JSON and the token in the query', asJson(tokenInQueryOnly)],
    ['the hotel percent-encoded', guestRequest({ path: route.replace('-hotel', '%2Dhotel') })],
    ['unknown fields', guestRequest({ fields: { extra: 'x', __proto__x: 'y' } })],
    ['JSON with its charset', { ...asJson(guestRequest()), ...charset() }],
  ])('signs for %s', async (_case, request) => {
    const response = await send(usher.public, request);
    expect(response.body).toStrictEqual(granted);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('x-decision-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([['socket_id'], ['channel_name'], ['token']])('requires %s', async (field) => {
    for (const value of [undefined, '']) {
      const form = guestRequest({ fields: { [field]: value } });
      for (const request of [form, asJson(form)]) {
        const response = await send(usher.public, request);
        expect([response.status, response.text]).toStrictEqual([
          400,
          '{"error":"Missing required parameters"}',
        ]);
      }
    }
  });

  it('requires all three, also without a body', async () => {
    const response = await send(usher.public, { path: withTokenInQuery });
    expect([response.status, response.text]).toStrictEqual([
      400,
      '{"error":"Missing required parameters"}',
    ]);
  });

  it('refuses two tokens that differ', async () => {
    const path = `${route}?token=${guestToken({ jti: 'another' })}`;
    const response = await send(usher.public, guestRequest({ path }));
    expect([response.status, response.text]).toStrictEqual([
      400,
      '{"error":"Bad Request","message":"The tokens in the query and in the body differ"}',
    ]);
  });
});

function charset() {
  return { headers: { 'content-type': 'application/json; charset=utf-8' } };
}
