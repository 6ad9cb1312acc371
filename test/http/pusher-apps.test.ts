import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { testNow } from '../support/tokens.ts';
import { metric } from '../support/metrics.ts';
import { pusherApp, useUsher, userToken } from '../support/usher.ts';
import { send, guestRequest, socketId, userRequest, signInRequest } from './requests.ts';
import { webhook, webhookBody } from './webhook-requests.ts';

const masterKey = Buffer.alloc(32, 9);
const two = { key: 'key-two', secret: 'secret-of-two' };
const oldTwo = { key: 'key-two-old', secret: 'old-secret-of-two' };
const retiring = { key: 'key-old', secret: 'old-secret' };

const settings = {
  PUSHER_RETIRING_KEY: retiring.key,
  PUSHER_RETIRING_SECRET: retiring.secret,
  PUSHER_APPS: JSON.stringify([
    {
      tenants: ['2', '3'],
      app_id: '2',
      ...two,
      server: 'soketi',
      retiring_key: oldTwo.key,
      retiring_secret: oldTwo.secret,
      encryption_master_key: masterKey.toString('base64'),
    },
  ]),
};

const signed = ({ key, secret }: typeof two, ...parts: readonly string[]) =>
  `${key}:${createHmac('sha256', secret).update(parts.join(':')).digest('hex')}`;

const ofTenant = (tenant: string, channel_name?: string) => ({
  fields: { channel_name },
  headers: {
    authorization: `Bearer ${userToken({ tenant_id: tenant })}`,
    'x-tenant-id': tenant,
  },
});

describe('tenants with an app of their own', () => {
  const usher = useUsher(settings);

  it.each([
    ['1', pusherApp],
    ['2', two],
    ['3', two],
    ['4', pusherApp],
  ])('tenant %s: its app signs', async (tenant, app) => {
    const channel = `private-tenant.${tenant}.user.15`;
    const response = await send(usher.public, userRequest(ofTenant(tenant, channel)));
    expect(response.body).toEqual({ auth: signed(app, socketId, channel) });
    const path = '/pusher/auth/batch';
    const batch = userRequest({
      path,
      ...ofTenant(tenant),
      fields: { channel_name: undefined, 'channel_name[0]': channel },
    });
    expect((await send(usher.public, batch)).body).toEqual({
      [channel]: { status: 200, data: response.body, decision_id: expect.any(String) as string },
    });
    const { body } = await send(usher.public, signInRequest(ofTenant(tenant)));
    const { auth, user_data } = body as { readonly auth: string; readonly user_data: string };
    expect(auth).toBe(signed(app, socketId, '', 'user', '', user_data));
  });

  it('have the encrypted channels of their app', async () => {
    const encrypted = (tenant: string) => `private-encrypted-tenant.${tenant}.user.15`;
    const own = await send(usher.public, userRequest(ofTenant('2', encrypted('2'))));
    const shared = createHash('sha256').update(encrypted('2')).update(masterKey).digest('base64');
    expect(own.body).toEqual({
      auth: signed(two, socketId, encrypted('2')),
      shared_secret: shared,
    });
    expect((await send(usher.public, userRequest(ofTenant('1', encrypted('1'))))).status).toBe(403);
  });

  it('subscribe to public channels in the app of their tenant', async () => {
    // A connection is to one app, and a user of tenant 2 is connected to that of tenant 2.
    const publicChannel = 'private-announcements';
    const response = await send(usher.public, userRequest(ofTenant('2', publicChannel)));
    expect(response.body).toEqual({ auth: signed(two, socketId, publicChannel) });
  });

  it('use the default app for channels without a tenant', async () => {
    const { body } = await send(usher.public, guestRequest());
    expect((body as { readonly auth: string }).auth).toMatch(new RegExp(`^${pusherApp.key}:`));
  });
});

describe('webhooks of several apps', () => {
  const usher = useUsher(settings);
  let sent = 0;
  const sendWebhook = async (by: typeof two, channel: string, key = by.key) => {
    sent += 1;
    const body = webhookBody(testNow - sent, { name: 'client_event', channel });
    return (await send(usher.public, webhook(body, { ...by, key }))).status;
  };
  const countMembers = async (tenant: string) => {
    const { text } = await send(usher.operator, { path: '/metrics', method: 'GET' });
    return metric(text, 'usher_client_events_total', `tenant="${tenant}"`) ?? 0;
  };

  it('are counted if they are signed with the new or the retiring key', async () => {
    for (const by of [pusherApp, retiring]) {
      expect(await sendWebhook(by, 'private-tenant.1.user.15')).toBe(200);
    }
    for (const by of [two, oldTwo]) {
      expect(await sendWebhook(by, 'private-tenant.2.user.15')).toBe(200);
    }
    expect([await countMembers('1'), await countMembers('2')]).toEqual([2, 2]);
  });

  it('do not affect channels of another app', async () => {
    const before = [await countMembers('1'), await countMembers('2')];
    expect(await sendWebhook(two, 'private-tenant.1.user.15')).toBe(200);
    expect(await sendWebhook(oldTwo, 'private-tenant.4.user.15')).toBe(200);
    expect(await sendWebhook(pusherApp, 'private-tenant.2.user.15')).toBe(200);
    expect([await countMembers('1'), await countMembers('2')]).toEqual(before);
    expect(await countMembers('4')).toBe(0);
    // Public channels are in every app.
    expect(await sendWebhook(two, 'private-announcements')).toBe(200);
    expect(await countMembers('')).toBe(1);
  });

  it('are refused if key and secret belong to two apps, or to two times', async () => {
    expect(await sendWebhook(two, 'private-tenant.1.user.15', pusherApp.key)).toBe(401);
    expect(await sendWebhook(oldTwo, 'private-tenant.2.user.15', two.key)).toBe(401);
    expect(await sendWebhook(retiring, 'private-tenant.1.user.15', pusherApp.key)).toBe(401);
  });
});
