import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { postForm } from './support/requests.ts';
import { findLaravel, startLaravel, type LaravelSite } from './support/laravel.ts';
import { leaksIn } from './support/tokens.ts';
import { startForPages, type Usher } from './support/usher.ts';

const page = 'https://site.example';
const socket_id = '1234.5678';
const version = await findLaravel();
const hosts = [
  ['AES-256-CBC', false],
  ['AES-256-GCM', true],
] as const;

describe.skipIf(version === undefined).each(hosts)(
  'a real Laravel with %s, sessions encrypted: %s',
  (cipher, encrypt) => {
    let site: LaravelSite;
    let usher: Usher;
    const stops: (() => Promise<void>)[] = [];
    const cookies: string[] = [];
    let visitors = 0;

    beforeAll(async () => {
      console.log(`Laravel ${version}`);
      site = await startLaravel(cipher, encrypt);
      stops.unshift(site.stop);
      usher = await startForPages(page, {
        LOG_LEVEL: 'debug',
        SESSION_MODE: 'laravel',
        SESSION_COOKIE_NAME: 'site_session',
        LARAVEL_APP_KEY: site.appKey,
        LARAVEL_CIPHER: cipher,
        LARAVEL_SESSION_ENCRYPT: String(encrypt),
        LARAVEL_DATABASE_URL: site.readerUrl,
      });
      stops.unshift(() => usher.stop());
    });
    afterAll(async () => {
      for (const stop of stops) await stop();
      const texts = cookies.map((cookie) => cookie.slice('site_session='.length));
      expect(leaksIn(usher.output(), [...texts, site.appKey, site.readerUrl])).toEqual([]);
    });

    /** Creates and logs in a user. */
    const newVisitor = async () => {
      visitors += 1;
      const name = `visitor-${visitors}`;
      const id = await site.addUser(name);
      const cookie = await site.login(name);
      cookies.push(cookie);
      return { name, id, cookie };
    };
    const signIn = async (cookie: string, origin = page) => {
      const url = `${usher.publicUrl}/broadcasting/user-auth`;
      const { status, text } = await postForm(url, { socket_id }, { cookie, origin });
      return { status, text };
    };

    it('authenticates its users by their cookie, from its own pages', async () => {
      const { id, cookie } = await newVisitor();
      const { status, text } = await signIn(`theme=dark; ${cookie}`);
      expect(status).toBe(200);
      const { user_data } = JSON.parse(text) as { readonly user_data: string };
      expect(JSON.parse(user_data)).toEqual({ id });
      expect((await signIn(cookie, 'https://evil.example')).status).toBe(403);
      expect((await signIn(`${cookie}; ${cookie}`)).status).toBe(400);
      expect((await signIn('')).status).toBe(401);
    });

    it('renews the cookie with each page, and both stay valid', async () => {
      const { id, cookie } = await newVisitor();
      const renewed = await site.visit(cookie);
      expect(String(renewed.id)).toBe(id);
      expect(renewed.cookie).not.toBe(cookie);
      expect((await signIn(renewed.cookie)).status).toBe(200);
      expect((await signIn(cookie)).status).toBe(200);
    });

    it('does not authenticate a visitor without a login', async () => {
      const { cookie, id } = await site.visit('');
      expect(id).toBeNull();
      expect((await signIn(cookie)).status).toBe(401);
    });

    it('refuses after the logout', async () => {
      const { cookie } = await newVisitor();
      await site.logout(cookie);
      expect((await signIn(cookie)).status).toBe(401);
    });

    it('refuses after a change of the password, as behind AuthenticateSession', async () => {
      const { name, cookie } = await newVisitor();
      // The middleware stores the hash with the first page after the login.
      const visited = await site.visit(cookie);
      expect((await signIn(visited.cookie)).status).toBe(200);
      await site.changePassword(name);
      expect((await signIn(visited.cookie)).status).toBe(401);
      await expect(site.visit(visited.cookie)).rejects.toThrow('401');
    });
  },
);
