import { createHash, createHmac } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import type { Grant } from '../../src/policy/decision.ts';
import { Secret } from '../../src/runtime/secret.ts';
import type { PusherApp } from '../../src/pusher/pusher-app.ts';
import { createPusherApps, type PusherApps } from '../../src/pusher/apps.ts';
import { createSigner } from '../../src/pusher/sign.ts';
import { grantOf } from './grants.ts';
import { masterKey, settings } from './settings.ts';

const signerOf = (over: Partial<PusherApp> = {}) => createSigner(createPusherApps(settings(over)));

/** Computed here from Pusher's documentation, so that a mistake in the package would be seen. */
const authOf = (text: string) =>
  `app-key:${createHmac('sha256', 'app-secret').update(text).digest('hex')}`;

const guest = { user_id: 'guest_BK-1', user_info: { name: 'Guest', booking_id: 'BK-1' } };
const guestText = '{"user_id":"guest_BK-1","user_info":{"name":"Guest","booking_id":"BK-1"}}';
const privateGrant = grantOf({ socketId: '12.34', channelName: 'private-a.1' });
const guestGrant = grantOf({ socketId: '12.34', channelName: 'private-a.1', member: guest });
const presenceGrant = grantOf({ socketId: '12.34', channelName: 'presence-a.1', member: guest });
const encryptedGrant = grantOf({ socketId: '12.34', channelName: 'private-encrypted-a.1' });

describe('createSigner', () => {
  it('signs socket and channel', () => {
    expect(signerOf().sign(privateGrant)).toEqual({ auth: authOf('12.34:private-a.1') });
  });

  it('puts channel_data into the response, with user_id first, and into the signature', () => {
    const reversed = { user_info: guest.user_info, user_id: guest.user_id, secretField: 'x' };
    const response = signerOf().sign({ ...guestGrant, member: reversed });
    expect(response).toEqual({
      auth: authOf(`12.34:private-a.1:${guestText}`),
      channel_data: guestText,
    });
    expect(Object.keys(response)).toEqual(['auth', 'channel_data']);
  });

  it('signs a member without user_info', () => {
    const grant: Grant = { ...presenceGrant, member: { user_id: '15' } };
    expect(signerOf().sign(grant)).toEqual({
      auth: authOf('12.34:presence-a.1:{"user_id":"15"}'),
      channel_data: '{"user_id":"15"}',
    });
  });

  it.each(['soketi', 'reverb'] as const)('%s: every member has user_info', (dialect) => {
    const signer = signerOf({ dialect });
    const signed = (grant: Partial<Grant>) =>
      signer.sign({ ...presenceGrant, ...grant }).channel_data;
    const ofUsher = { user_id: '15' };
    expect(signer.sign({ ...presenceGrant, member: ofUsher })).toEqual({
      auth: authOf('12.34:presence-a.1:{"user_id":"15","user_info":{}}'),
      channel_data: '{"user_id":"15","user_info":{}}',
    });
    expect(signed({ memberData: { user_id: 15 } })).toBe('{"user_id":15,"user_info":{}}');
    const given = { user_id: 15, user_info: null };
    expect(signed({ memberData: given })).toBe(JSON.stringify(given));
  });

  it('signs the UTF-8 bytes of the response', () => {
    const member = { user_id: '15', user_info: { name: 'Zoë 👩‍🚀 \ud800 "\n' } };
    const { auth, channel_data } = signerOf().sign({ ...presenceGrant, member });
    expect(JSON.parse(channel_data!)).toEqual(member);
    expect(auth).toBe(authOf(`12.34:presence-a.1:${channel_data!}`));
  });

  it('returns the key of an encrypted channel', () => {
    const signer = signerOf({ encryptionMasterKey: new Secret(masterKey) });
    const digest = createHash('sha256').update('private-encrypted-a.1').update(Buffer.alloc(32, 7));
    expect(signer.sign(encryptedGrant)).toEqual({
      auth: authOf('12.34:private-encrypted-a.1'),
      shared_secret: digest.digest('base64'),
    });
    expect(signer.sign(privateGrant)).not.toHaveProperty('shared_secret');
  });

  it('refuses an encrypted channel without a master key', () => {
    expect(() => signerOf().sign(encryptedGrant)).toThrow();
    expect(signerOf().encrypts(undefined)).toBe(false);
    expect(signerOf({ encryptionMasterKey: new Secret(masterKey) }).encrypts('1')).toBe(true);
  });

  it('refuses a presence channel without a member', () => {
    const grant = grantOf({ socketId: '12.34', channelName: 'presence-a.1' });
    expect(() => signerOf().sign(grant)).toThrow('without a member');
  });
});

describe('dialects', () => {
  const withData = authOf(`12.34:private-a.1:${guestText}`);
  const withoutData = authOf('12.34:private-a.1');

  it.each([
    ['pusher', withData],
    ['reverb', withData],
    ['soketi', withoutData],
    ['sockudo', withoutData],
  ] as const)('%s: channel_data on a private channel', (dialect, auth) => {
    expect(signerOf({ dialect }).sign(guestGrant)).toEqual({ auth, channel_data: guestText });
  });

  it.each(['pusher', 'reverb', 'soketi', 'sockudo'] as const)(
    '%s: presence signs channel_data',
    (dialect) => {
      expect(signerOf({ dialect }).sign(presenceGrant)).toEqual({
        auth: authOf(`12.34:presence-a.1:${guestText}`),
        channel_data: guestText,
      });
    },
  );

  it('soketi: channel_data of an encrypted channel is not signed either', () => {
    const signer = signerOf({ dialect: 'soketi', encryptionMasterKey: new Secret(masterKey) });
    const response = signer.sign({ ...encryptedGrant, member: guest });
    expect(response.auth).toBe(authOf('12.34:private-encrypted-a.1'));
    expect(response.channel_data).toBe(guestText);
  });
});

describe('the app of the tenant', () => {
  const one = createPusherApps(
    settings({ key: 'key-one', encryptionMasterKey: new Secret(masterKey) }),
  );
  const apps: Pick<PusherApps, 'for'> = {
    for: (tenantId) => (tenantId === '1' ? one.for('1') : undefined),
  };
  const signer = createSigner(apps);

  it('is used for the signature', () => {
    expect(signer.sign({ ...privateGrant, tenantId: '1' }).auth).toMatch(/^key-one:/);
    expect(signer.encrypts('1')).toBe(true);
  });

  it('is never that of another tenant', () => {
    expect(() => signer.sign({ ...privateGrant, tenantId: '2' })).toThrow('without a Pusher app');
    expect(() => signer.sign(privateGrant)).toThrow('without a Pusher app');
    expect(signer.encrypts('2')).toBe(false);
    expect(signer.encrypts(undefined)).toBe(false);
  });
});
