import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { postForm } from './support/requests.ts';
import { findDjango, startDjango, type DjangoSite } from './support/django.ts';
import { findLaravel, startLaravel, type LaravelSite } from './support/laravel.ts';
import { readRows, withPostgres } from './support/postgres.ts';
import { leaksIn } from './support/tokens.ts';
import { startForPages, type Usher } from './support/usher.ts';

const page = 'https://site.example';
const laravel = await findLaravel();
const django = await findDjango();
const secret = randomBytes(32).toString('hex');

/** Starts Usher with the documented route of this site. */
const startRequests = (url: string, cookies: string, env: Readonly<Record<string, string>> = {}) =>
  startForPages(page, {
    LOG_LEVEL: 'debug',
    SESSION_MODE: 'introspect',
    SESSION_INTROSPECTION_URL: `${url}/usher/session`,
    SESSION_INTROSPECTION_TOKEN: secret,
    SESSION_COOKIES: cookies,
    ...env,
  });

const signIn = (usher: Usher, cookie: string) =>
  postForm(
    `${usher.publicUrl}/broadcasting/user-auth`,
    { socket_id: '1234.5678' },
    { cookie, origin: page },
  );

const userOf = ({ text }: { readonly text: string }) => {
  const { user_data } = JSON.parse(text) as { readonly user_data: string };
  return JSON.parse(user_data) as unknown;
};

/** Ten requests. Usher caches the response for the same cookies, so each request has a different extra cookie. */
async function signInTenTimes(usher: Usher, cookie: string): Promise<void> {
  for (let count = 0; count < 10; count += 1) {
    expect((await signIn(usher, `${cookie}; usher_test=${count}`)).status).toBe(200);
  }
}

describe.skipIf(laravel === undefined)('the documented route of a real Laravel', () => {
  let site: LaravelSite;
  let usher: Usher;
  const stops: (() => Promise<void>)[] = [];
  const cookies: string[] = [];

  beforeAll(async () => {
    site = await startLaravel('AES-256-CBC', false, { USHER_SECRET: secret });
    stops.unshift(site.stop);
    usher = await startRequests(site.url, 'site_session,remember_web_*,usher_test');
    stops.unshift(() => usher.stop());
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    expect(leaksIn(usher.output(), [...cookies, secret])).toEqual([]);
  });

  /** All rows, made a minute older, so that a new `last_activity` would be seen. */
  const olderRows = async () => {
    const older = 'UPDATE sessions SET last_activity = last_activity - 60';
    await withPostgres(site.databaseUrl, older);
    return rows();
  };
  const rows = async () => [
    ...(await readRows(site.databaseUrl, 'sessions')),
    ...(await readRows(site.databaseUrl, 'users')),
  ];

  it('recognizes a login, and does not change flash messages, the previous URL and the row', async () => {
    const id = await site.addUser('flash');
    const login = await site.login('flash');
    const cookie = await site.save(login);
    cookies.push(login, cookie);
    const before = await olderRows();
    expect(before.join()).toContain('Browser/1.0');

    expect(userOf(await signIn(usher, cookie))).toEqual({ id, user_info: { name: 'flash' } });
    await signInTenTimes(usher, cookie);

    expect(await rows()).toEqual(before);
    const seen = { status: 'saved', previous: `${site.url}/save` };
    expect(await site.status(cookie)).toEqual(seen);
    // An ordinary page leaves traces, so the comparison would have found them.
    expect(await rows()).not.toEqual(before);
  });

  it('recognizes a “remember me” cookie without a session, and creates none', async () => {
    const id = await site.addUser('remembered');
    const both = await site.loginRemembered('remembered');
    const remembered = both.split('; ').find((each) => each.startsWith('remember_web_'))!;
    cookies.push(remembered);
    await withPostgres(site.databaseUrl, 'DELETE FROM sessions');
    const before = await rows();

    for (const cookie of [both, remembered]) {
      expect(userOf(await signIn(usher, cookie))).toMatchObject({ id });
    }
    await signInTenTimes(usher, remembered);
    expect(await rows()).toEqual(before);

    await site.changePassword('remembered');
    expect((await signIn(usher, `${remembered}; usher_test=new`)).status).toBe(401);
  });

  it('does not recognize a visitor without a login, after a logout, or after a change of the password', async () => {
    await site.addUser('gone');
    const { cookie: unknownVisitor } = await site.visit('');
    expect((await signIn(usher, unknownVisitor)).status).toBe(401);
    const first = await site.login('gone');
    await site.logout(first);
    expect((await signIn(usher, first)).status).toBe(401);
    const { cookie: second } = await site.visit(await site.login('gone'));
    cookies.push(first, second);
    expect((await signIn(usher, second)).status).toBe(200);
    await site.changePassword('gone');
    expect((await signIn(usher, `${second}; usher_test=new`)).status).toBe(401);
  });

  it('responds to no other client; a wrong secret is an outage, not a visitor without a login', async () => {
    await site.addUser('secret');
    const cookie = await site.login('secret');
    cookies.push(cookie);
    const { status } = await fetch(`${site.url}/usher/session`, { headers: { cookie } });
    expect(status).toBe(400);
    const wrong = { SESSION_INTROSPECTION_TOKEN: 'another' };
    const other = await startRequests(site.url, 'site_session', wrong);
    expect((await signIn(other, cookie)).status).toBe(503);
    await other.stop();
    expect(other.output()).toContain('the response has status 400');
  });
});

describe.skipIf('missing' in django)('the documented view of a real Django', () => {
  let site: DjangoSite;
  let usher: Usher;
  const stops: (() => Promise<void>)[] = [];
  const cookies: string[] = [];

  beforeAll(async () => {
    if ('missing' in django) return;
    const env = { USHER_SECRET: secret, SAVE_EVERY_REQUEST: 'true' };
    site = await startDjango(django.python, 'db', env);
    stops.unshift(site.stop);
    usher = await startRequests(site.url, 'sessionid,usher_test');
    stops.unshift(() => usher.stop());
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
    const texts = cookies.map((cookie) => cookie.slice('sessionid='.length));
    expect(leaksIn(usher.output(), [...texts, secret])).toEqual([]);
  });
  const rows = () => readRows(site.databaseUrl, 'django_session');
  const login = async (name: string) => {
    const cookie = await site.login(name);
    cookies.push(cookie);
    return cookie;
  };

  it('recognizes a login, and does not change messages and the row', async () => {
    const id = await site.addUser('flash');
    await site.setStaff('flash', true);
    const cookie = await login('flash');
    await site.save(cookie);
    const before = await rows();

    expect(userOf(await signIn(usher, cookie))).toEqual({ id, user_info: { name: 'flash' } });
    await signInTenTimes(usher, cookie);

    expect(await rows()).toEqual(before);
    expect(await site.status(cookie)).toEqual({ status: ['saved'] });
    // An ordinary page leaves traces, so the comparison would have found them.
    expect(await rows()).not.toEqual(before);
  });

  it('does not delete the session after a change of the password, as a page does, and recognizes no login', async () => {
    await site.addUser('gone');
    const cookie = await login('gone');
    await site.changePassword('gone');
    const before = await rows();
    expect((await signIn(usher, cookie)).status).toBe(401);
    expect(await rows()).toEqual(before);
    await site.logout(cookie);
    expect((await signIn(usher, `${cookie}; usher_test=new`)).status).toBe(401);
  });

  it('responds to no other client', async () => {
    await site.addUser('secret');
    const cookie = await login('secret');
    const { status } = await fetch(`${site.url}/usher/session`, { headers: { cookie } });
    expect(status).toBe(400);
  });
});
