import { describe, expect, it } from 'vitest';
import { send, guestRequest } from '../http/requests.ts';
import { signaturesIn } from '../support/oracle.ts';
import { allowedOrigin, guestToken, useUsher } from '../support/usher.ts';
import { receive, raw, userLines } from './attacker.ts';

const own = 'socket_id=1234.5678&channel_name=private-tenant.1.user.15';

describe('another spelling of a path', () => {
  const usher = useUsher();
  const target = async (path: string) => {
    const response = await receive(usher.public, raw(`POST ${path}`, userLines(), own));
    return [response.status, signaturesIn(response.text).length];
  };

  it('reaches the route with a trailing slash, a query or repeated slashes', async () => {
    for (const path of [
      '/broadcasting/auth',
      '/broadcasting/auth/',
      '/broadcasting/auth?x',
      '//broadcasting/auth',
      '/broadcasting//auth',
      '/broadcasting/auth//',
    ]) {
      expect(await target(path)).toEqual([200, 1]);
    }
  });

  it.each([
    '//../broadcasting/auth',
    '/broadcasting//../broadcasting/auth',
    '/broadcasting/%2fauth',
    '//usher/broadcasting/auth',
    '/broadcasting/./auth',
    '/x/../broadcasting/auth',
    '/broadcasting/auth/..',
    '/broadcasting/auth/.',
    '/broadcasting%2fauth',
    '/broadcasting%2Fauth',
    '/broadcasting/%2e%2e/broadcasting/auth',
    '/%2e%2e/broadcasting/auth',
    '/broadcasting\\auth',
    '/broadcasting/auth;x=1',
    '/broadcasting;x/auth',
    '/broadcasting/auth.',
    '/broadcasting/auth%20',
    '/broadcasting/auth%00',
    '/broadcasting/auth%0a',
    '/broadcasting/auth%23',
    '/broadcasting/auth%3fx',
    '/Broadcasting/auth',
    '/BROADCASTING/AUTH',
    '/broadcasting/auth/json',
    '/broadcasting/auth.json',
    '/broadcasting/au%C5%BFth',
    '/:tenantId/pusher/auth',
    '/api/tenants//pusher/auth',
    '/api/tenants/pusher/auth',
    '/api/tenants/1/2/pusher/auth',
    '/api/tenants/1/../1/pusher/auth',
    'http://usher',
  ])('does not reach the route: %s', async (path) => {
    expect([404, 400, 403]).toContain((await target(path))[0]);
    expect((await target(path))[1]).toBe(0);
  });

  it.each([
    '/broadcasting/auth%',
    '/broadcasting/auth%c0%af',
    '/broadcasting/%e0%80%af',
    '/%ff',
    '/%zz',
    '/api/tenants/%c0%b1/pusher/auth',
    '/api/tenants/%ed%a0%80/pusher/auth',
  ])('%s gets 400 with CORS headers', async (path) => {
    for (const [origin, allowed] of [
      [allowedOrigin, allowedOrigin],
      ['https://evil.example', undefined],
      [undefined, undefined],
    ]) {
      const lines = origin === undefined ? [] : [`Origin: ${origin}`];
      const response = await receive(
        usher.public,
        raw(`POST ${path}`, [...userLines(), ...lines], own),
      );
      const request_id = /x-request-id: (\S+)/.exec(response.head)?.[1];
      expect(JSON.parse(response.text)).toEqual({
        error: 'Bad Request',
        message: 'The path is malformed',
        request_id,
      });
      expect(/access-control-allow-origin: (\S+)/.exec(response.head)?.[1]).toBe(allowed);
    }
  });

  it('an absolute-form target is routed by its path, or refused; its host is ignored', async () => {
    for (const host of ['usher', 'evil.example', 'localhost:1']) {
      const [status] = await target(`http://${host}/nowhere`);
      expect([400, 404]).toContain(status);
    }
  });

  it.each([
    '2',
    '1%2f',
    '1%2F..%2F2',
    '%2e%2e',
    '1%00',
    '1%0a',
    '1%20',
    '1;tenant=2',
    '1.',
    '%31%30',
    '%EF%BC%91',
    '01',
    '1%E2%80%8B',
    '*',
    '%7BtenantId%7D',
  ])('the tenant %s in a path is not tenant 1', async (tenant) => {
    const lines = userLines().filter((line) => !line.startsWith('X-Tenant-ID'));
    const start = `POST /api/tenants/${tenant}/pusher/auth`;
    const response = await receive(usher.public, raw(start, lines, own));
    expect([403, 400]).toContain(response.status);
    expect(signaturesIn(response.text)).toEqual([]);
  });

  it.each([
    'other-hotel',
    'grand-hotel%2f',
    'grand-hotel%2F..%2Fother-hotel',
    '..%2Fgrand-hotel',
    'grand-hotel%00',
    'grand-hotel.',
    'grand-hotel;x',
    'grand-hotel%20',
    'Grand-Hotel',
    'grand%E2%80%90hotel',
    'gr%D0%B0nd-hotel',
    'grand-hote%EF%BD%8C',
    'grand%252dhotel',
    '%67rand-hotel%3f',
  ])('the hotel %s in a path is another hotel', async (hotel) => {
    const path = `/api/guest/hotel/${hotel}/chat/pusher/auth`;
    const response = await send(usher.public, guestRequest({ path }));
    expect(response.status).toBe(403);
    expect(signaturesIn(response.text)).toEqual([]);
    const fields = { token: guestToken({ hotel_slug: decodeURIComponent(hotel) }) };
    const theirs = await send(usher.public, guestRequest({ path, fields }));
    expect([theirs.status, signaturesIn(theirs.text)]).toEqual([403, []]);
  });

  it('a hotel with one percent-encoded letter is the same hotel', async () => {
    const path = '/api/guest/hotel/%67rand-hotel/chat/pusher/auth';
    const [one, other] = [
      await send(usher.public, guestRequest({ path })),
      await send(usher.public, guestRequest()),
    ];
    expect([one.status, one.text]).toEqual([200, other.text]);
  });
});
