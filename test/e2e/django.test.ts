import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { postForm, requestJson } from './support/requests.ts';
import { findDjango, startDjango } from './support/django.ts';
import type { DjangoSite, SessionEngine } from './support/django.ts';
import { leaksIn } from './support/tokens.ts';
import { startForPages, type Usher } from './support/usher.ts';

const page = 'https://site.example';
const socket_id = '1234.5678';
const django = await findDjango();
const engines: readonly SessionEngine[] = ['db', 'cached_db', 'signed_cookies'];

describe.skipIf('missing' in django).each(engines)('a real Django with the %s engine', (engine) => {
  let site: DjangoSite;
  let usher: Usher;
  const stops: (() => Promise<void>)[] = [];
  const cookies: string[] = [];
  let visitors = 0;

  beforeAll(async () => {
    if ('missing' in django) return;
    console.log(`Django ${django.version}`);
    site = await startDjango(django.python, engine);
    stops.unshift(site.stop);
    usher = await startForPages(page, {
      LOG_LEVEL: 'debug',
      SESSION_MODE: 'django',
      DJANGO_SECRET_KEY: site.secretKey,
      DJANGO_DATABASE_URL: site.readerUrl,
      DJANGO_SESSION_ENGINE: engine,
    });
    stops.unshift(() => usher.stop());
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    // A cookie without its name, too: its value alone authenticates a user.
    const texts = cookies.map((cookie) => cookie.slice('sessionid='.length));
    expect(leaksIn(usher.output(), [...texts, site.secretKey, site.readerUrl])).toEqual([]);
  });

  /** Creates and logs in a user. */
  const newVisitor = async (isStaff: boolean) => {
    visitors += 1;
    const name = `visitor-${visitors}`;
    const id = await site.addUser(name);
    if (isStaff) await site.setStaff(name, true);
    const login = async () => {
      const cookie = await site.login(name);
      cookies.push(cookie);
      return cookie;
    };
    return { id, name, login, cookie: await login() };
  };
  const enter = async (channel_name: string, cookie: string, origin = page) => {
    const url = `${usher.publicUrl}/broadcasting/auth`;
    const response = await postForm(url, { socket_id, channel_name }, { cookie, origin });
    return response.status;
  };
  const staffChannels = ['private-all-seat-status', 'private-chat-box'];

  it('grants staff by their cookie, from its own pages', async () => {
    const { cookie } = await newVisitor(true);
    for (const channel of staffChannels) {
      expect(await enter(channel, cookie)).toBe(200);
      expect(await enter(channel, `other=1; ${cookie}`)).toBe(200);
      expect(await enter(channel, cookie, 'https://evil.example')).toBe(403);
      expect(await enter(channel, `${cookie}; ${cookie}`)).toBe(400);
      expect(await enter(channel, '')).toBe(401);
    }
  });

  it('grants superusers, and no other users', async () => {
    const { name, cookie } = await newVisitor(false);
    expect(await enter('private-chat-box', cookie)).toBe(403);
    await site.changeUser(name, { is_superuser: true });
    expect(await enter('private-chat-box', cookie)).toBe(200);
  });

  it('grants a payment to the owner of the order', async () => {
    const [owner, other] = [await newVisitor(false), await newVisitor(true)];
    const order = `order-${engine}`;
    await requestJson('PUT', `${usher.operatorUrl}/resources/orders/${order}`, {
      owner_id: owner.id,
    });
    expect(await enter(`private-payment-${order}`, owner.cookie)).toBe(200);
    expect(await enter(`private-payment-${order}`, other.cookie)).toBe(403);
  });

  it('refuses after the logout, except for signed cookies, which Django itself still accepts', async () => {
    const { cookie, login } = await newVisitor(true);
    await site.logout(cookie);
    expect(await enter('private-chat-box', cookie)).toBe(engine === 'signed_cookies' ? 200 : 401);
    expect(await enter('private-chat-box', await login())).toBe(200);
  });

  it('refuses after a change of password, until the next login', async () => {
    const { name, cookie, login } = await newVisitor(true);
    await site.changePassword(name);
    expect(await enter('private-chat-box', cookie)).toBe(401);
    expect(await enter('private-chat-box', await login())).toBe(200);
  });

  it('refuses when the staff flag or the account is removed, and grants when it is restored', async () => {
    const { name, cookie } = await newVisitor(true);
    await site.setStaff(name, false);
    expect(await enter('private-chat-box', cookie)).toBe(403);
    await site.setStaff(name, true);
    expect(await enter('private-chat-box', cookie)).toBe(200);
    await site.changeUser(name, { is_active: false });
    expect(await enter('private-chat-box', cookie)).toBe(401);
  });
});
