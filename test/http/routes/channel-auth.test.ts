import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testSeconds } from '../../support/tokens.ts';
import { useUsher, userToken } from '../../support/usher.ts';
import { send, asJson, signature, socketId, userRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

const own = 'private-tenant.1.user.15';
const inPath = '/api/tenants/1/pusher/auth';
const chat = 'presence-tenant.1.escrow.42.chat';

const requestWith = (channel_name: string, claims = {}): TestRequest =>
  userRequest({
    fields: { channel_name },
    headers: { authorization: `Bearer ${userToken(claims)}` },
  });

describe('the general routes', () => {
  const usher = useUsher();

  it.each<[string, TestRequest]>([
    ['/broadcasting/auth', userRequest()],
    ['/api/broadcasting/auth', userRequest({ path: '/api/broadcasting/auth' })],
    ['/pusher/auth', userRequest({ path: '/pusher/auth' })],
    [
      'the tenant in the path',
      userRequest({ path: inPath, headers: { 'x-tenant-id': undefined } }),
    ],
    ['the tenant in the path and the header', userRequest({ path: inPath })],
    ['a trailing slash', userRequest({ path: '/broadcasting/auth/' })],
    ['a query', userRequest({ path: '/broadcasting/auth?v=2' })],
    ['JSON', asJson(userRequest())],
    [
      'the Bearer scheme in another case',
      userRequest({ headers: { authorization: `bEARER  ${userToken()}` } }),
    ],
  ])('sign for %s', async (_case, good) => {
    const response = await send(usher.public, good);
    expect([response.status, response.body]).toStrictEqual([
      200,
      { auth: signature(socketId, own) },
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-decision-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['private-tenant.1.escrow.42', {}],
    ['private-tenant.1.escrow.42.chat', { sub: 16 }],
    ['private-tenant.1.admin', { sub: '9', role: 'admin' }],
    ['private-tenant.1.admin', { sub: '9', roles: ['user', 'admin'] }],
    ['private-tenant.1.announcements', { sub: '9' }],
    ['private-announcements', { sub: '9' }],
  ])('sign %s', async (channel, claims) => {
    const response = await send(usher.public, requestWith(channel, claims));
    expect([response.status, response.body]).toStrictEqual([
      200,
      { auth: signature(socketId, channel) },
    ]);
  });

  it('send the member of a presence channel, which comes only from the token', async () => {
    const data = '{"user_id":"15","user_info":{"id":"15","name":"Ada"}}';
    const good = userRequest({
      fields: { channel_name: chat, channel_data: '{"user_id":"1"}', user_id: '1' },
      headers: { authorization: `Bearer ${userToken({ name: 'Ada' })}` },
    });
    const response = await send(usher.public, good);
    expect(response.body).toStrictEqual({
      auth: signature(socketId, chat, data),
      channel_data: data,
    });
  });

  it('use the clock: a token is valid until it expires', async () => {
    const good = userRequest({
      headers: { authorization: `Bearer ${userToken({ exp: testSeconds + 60 })}` },
    });
    const { now } = usher.clock;
    try {
      usher.clock.now = now + 59_999;
      expect((await send(usher.public, good)).status).toBe(200);
      usher.clock.now = now + 60_000;
      expect((await send(usher.public, good)).status).toBe(401);
    } finally {
      usher.clock.now = now;
    }
  });

  it('refuse encrypted channels without a master key', async () => {
    const response = await send(usher.public, requestWith('private-encrypted-tenant.1.user.15'));
    expect([response.status, response.body]).toMatchObject([
      403,
      { error: 'Forbidden', message: 'You may not enter this channel' },
    ]);
  });
});

describe('the general routes with a master key', () => {
  const key = randomBytes(32);
  const usher = useUsher({ PUSHER_ENCRYPTION_MASTER_KEY: key.toString('base64') });

  it('return the key of an encrypted channel', async () => {
    const channel = 'private-encrypted-tenant.1.user.15';
    const response = await send(usher.public, requestWith(channel));
    expect(response.body).toStrictEqual({
      auth: signature(socketId, channel),
      shared_secret: createHash('sha256').update(channel).update(key).digest('base64'),
    });
  });

  it('return it only for granted channels', async () => {
    const response = await send(usher.public, requestWith('private-encrypted-tenant.1.user.16'));
    expect(response.status).toBe(403);
    expect(response.text).not.toContain('shared_secret');
  });
});
