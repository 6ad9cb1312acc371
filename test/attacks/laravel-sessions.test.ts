import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultServer, withClient } from '../support/database.ts';
import { createPostgresLaravel, laravelEnvironment } from '../support/laravel-application.ts';
import { laravelFixtures } from '../support/laravel-vectors.ts';
import { signaturesIn } from '../support/oracle.ts';
import { allowedOrigin, startUsher, type TestUsher } from '../support/usher.ts';
import { send, socketId } from '../http/requests.ts';

const cases = laravelFixtures.flatMap((fixtures) => fixtures.cases);
const caseOf = (id: string) => cases.find((one) => one.id === id)!;
const valid = caseOf('login-aes-256-cbc');
const [row] = valid.rows.sessions;
const name = valid.settings.session_cookie;

describe('a visitor of a Laravel host', () => {
  let host: Awaited<ReturnType<typeof createPostgresLaravel>>;
  let usher: TestUsher;
  beforeAll(async () => {
    host = await createPostgresLaravel(defaultServer, 'int');
    usher = await startUsher(laravelEnvironment(host.url.reveal(), valid));
    usher.clock.now = valid.now * 1000;
  });
  afterAll(async () => {
    await usher.stop();
    await host.drop();
  });
  beforeEach(() => host.fill(valid.rows));

  const signIn = (
    cookie: string,
    headers: Readonly<Record<string, string>> = { origin: allowedOrigin },
  ) =>
    send(usher.public, {
      path: '/broadcasting/user-auth',
      headers: { cookie, ...headers },
      body: new URLSearchParams({ socket_id: socketId }),
    });
  const own = `${name}=${valid.cookie}`;
  const expectRefused = async (cookie: string, statuses: readonly number[]) => {
    const { status, text } = await signIn(cookie);
    expect(statuses, cookie).toContain(status);
    expect(signaturesIn(text)).toEqual([]);
  };

  it('is authenticated on a page of the host, with other cookies in the request', async () => {
    for (const cookie of [own, `XSRF-TOKEN=abc%3D; ${own}; theme=dark`]) {
      const { status, body } = await signIn(cookie);
      expect(status).toBe(200);
      const { user_data } = body as { readonly user_data: string };
      expect(JSON.parse(user_data)).toEqual({ id: '15' });
    }
  });

  it('is not authenticated on another page', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
      const { status, text } = await signIn(own, headers);
      expect([status, signaturesIn(text)]).toEqual([403, []]);
    }
  });

  it('is refused with two cookies that PHP reads under one name', async () => {
    const dotted = own.replace('_', '.');
    for (const cookie of [
      `${own}; ${own}`,
      `${name}=; ${own}`,
      `${name}; ${own}`,
      `${dotted}; ${own}`,
      `${own}; ${dotted}`,
      `${name}[a]=b; ${own}`,
      `laravel session=x; ${own}`,
      dotted,
      `${name}[]=${valid.cookie}`,
    ]) {
      await expectRefused(cookie, [400]);
    }
    await expectRefused(own.replace('=', ' ='), [401]);
  });

  it('is refused immediately after a logout, after the session has expired, and after the user was deleted', async () => {
    const change = async (statement: string) => {
      await host.fill(valid.rows);
      expect((await signIn(own)).status).toBe(200);
      await withClient(host.url, (admin) => admin.query(statement));
      return (await signIn(own)).status;
    };
    const guest = caseOf('guest').rows.sessions[0]!;
    expect(await change('DELETE FROM sessions')).toBe(401);
    expect(await change(`UPDATE sessions SET payload = '${guest.payload}'`)).toBe(401);
    expect(await change('UPDATE sessions SET last_activity = last_activity - 7201')).toBe(401);
    expect(await change('DELETE FROM users WHERE id = 15')).toBe(401);
    expect(await change('UPDATE sessions SET last_activity = last_activity - 7200')).toBe(200);
  });

  it('is granted again after the application has renewed the session', async () => {
    const add = (seconds: number) =>
      withClient(host.url, (admin) =>
        admin.query('UPDATE sessions SET last_activity = last_activity + $1', [seconds]),
      );
    await add(-7201);
    expect((await signIn(own)).status).toBe(401);
    await add(1);
    expect((await signIn(own)).status).toBe(200);
  });

  it('gets 503 while the database is down', async () => {
    const rename = (from: string, to: string) =>
      withClient(host.url, (admin) => admin.query(`ALTER TABLE ${from} RENAME TO ${to}`));
    await rename('users', 'away');
    expect((await signIn(own)).status).toBe(503);
    await rename('away', 'users');
    expect((await signIn(own)).status).toBe(200);
  });

  it('is refused with any character of the cookie changed', async () => {
    const { length } = valid.cookie;
    for (let place = 0; place < length; place += 5) {
      const letter = valid.cookie[place] === 'A' ? 'B' : 'A';
      const changed = valid.cookie.slice(0, place) + letter + valid.cookie.slice(place + 1);
      // The name of the empty tag is not signed, and Laravel does not need it.
      if (!isSigned(changed)) await expectRefused(`${name}=${changed}`, [401]);
    }
    for (const cut of [0, 1, 4, length - 4, length - 1]) {
      await expectRefused(`${name}=${valid.cookie.slice(0, cut)}`, [401]);
    }
  });

  it('is refused with a cookie that the application encrypted for another purpose', async () => {
    for (const id of ['other-cookie-name', 'no-prefix', 'prefix-v1', 'unencrypted', 'id-39']) {
      await expectRefused(`${name}=${caseOf(id).cookie}`, [401]);
    }
  });

  it.each([
    ['an object in place of the session', 'O:8:"stdClass":1:{s:1:"a";i:1;}'],
    ['a login that is an object', login('O:8:"stdClass":0:{}')],
    ['a login that is a reference', login('R:1;')],
    ['a login that is a boolean', login('b:1;')],
    ['a login that is an array', login('a:1:{i:0;i:15;}')],
    ['a wrong length', login('s:200:"15";')],
    ['a huge count', 'a:2147483647:{i:0;i:1;}'],
    ['a login that is not UTF-8', login('s:2:"1\xff";')],
    ['a login with invisible characters', login('s:5:"15\u00e2\u0080\u008b";')],
    ['deep arrays', `a:1:{i:0;${'a:1:{i:0;'.repeat(50_000)}N;${'}'.repeat(50_001)}`],
    ['bytes that are not a session', '\xff\xfe\0'],
  ])('is refused with %s', async (_what, payload) => {
    const stored = Buffer.from(payload, 'latin1').toString('base64');
    await withClient(host.url, (admin) =>
      admin.query('UPDATE sessions SET payload = $1', [stored]),
    );
    await expectRefused(own, [401]);
  });

  it('no row contains the cookie or the id of the session', async () => {
    await signIn(own);
    await signIn(own, { origin: 'https://evil.example' });
    await expectRefused(`${name}=${caseOf('id-39').cookie}`, [401]);
    const written = await withClient(usher.database, (client) =>
      client.query<{ line: string }>(
        'SELECT row_to_json(audit_log)::text AS line FROM audit_log UNION ALL SELECT row_to_json(security_events)::text FROM security_events',
      ),
    );
    expect(written.rows.length).toBeGreaterThan(2);
    for (const { line } of written.rows) {
      expect(line).not.toContain(row!.id);
      expect(line).not.toContain(valid.cookie.slice(0, 40));
    }
  });
});

/** True if the signed parts of a cookie are those of the valid one. */
function isSigned(cookie: string): boolean {
  const partsOf = (text: string) => {
    try {
      const json = Buffer.from(decodeURIComponent(text), 'base64').toString();
      const { iv, value, mac } = JSON.parse(json) as Readonly<Record<string, unknown>>;
      return JSON.stringify([iv, value, mac]);
    } catch {
      return '';
    }
  };
  return partsOf(cookie) === partsOf(valid.cookie);
}

/** A session whose login has this value. */
function login(value: string): string {
  return `a:1:{s:50:"login_web_59ba36addc2b2f9401580f014c7f58ea4e30989d";${value}}`;
}
