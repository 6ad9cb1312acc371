import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findSession } from '../../../src/http/input/session-cookie.ts';
import {
  createDjangoApplication,
  djangoCookies,
  djangoRows,
  djangoSettings,
} from '../../support/django-application.ts';
import type { DjangoApplication } from '../../support/django-application.ts';
import { withClient } from '../../support/database.ts';
import { allowedOrigin, startUsher, userToken } from '../../support/usher.ts';
import type { TestUsher } from '../../support/usher.ts';
import { send, socketId } from '../requests.ts';
import { speak } from '../raw-socket.ts';

const allowedOrigins = [allowedOrigin, 'https://other.example'];
const mode = { cookies: ['sessionid'], isOnly: true, allowedOrigins };
const fromPage = ['Origin', allowedOrigin];

describe('the session cookie of a request', () => {
  const foundIn = (...headers: string[]) => {
    const found = findSession([...fromPage, ...headers], mode);
    return typeof found === 'string' ? found : found.value.reveal();
  };

  it.each([
    [['Cookie', 'sessionid=abc'], 'abc'],
    [['cookie', 'a=1; sessionid=abc; b=2'], 'abc'],
    [['Cookie', 'a=1', 'COOKIE', 'sessionid=abc'], 'abc'],
    [['Cookie', 'sessionid="abc"'], '"abc"'],
    [['Cookie', 'sessionid = abc ;'], 'abc'],
    [['Cookie', 'sessionid=a=b=='], 'a=b=='],
    [['Cookie', 'sessionid='], ''],
    [[], 'absent'],
    [['Cookie', ''], 'absent'],
    [['Cookie', 'sessionid'], 'absent'],
    [['Cookie', 'SessionId=abc'], 'absent'],
    [['Cookie', 'xsessionid=abc; sessionid2=abc; a=sessionid=abc'], 'absent'],
    [['X-Cookie', 'sessionid=abc'], 'absent'],
    [['Cookie', 'sessionid=abc; sessionid=abc'], 'repeated-cookie'],
    [['Cookie', 'sessionid=abc;sessionid'], 'abc'],
    [['Cookie', 'sessionid=abc', 'Cookie', 'sessionid=def'], 'repeated-cookie'],
    [['Cookie', 'sessionid=; sessionid=abc'], 'repeated-cookie'],
    [['Cookie', 'sessionid\t=abc; sessionid=def'], 'repeated-cookie'],
    [['Cookie', '\u0085sessionid\u00a0=abc; sessionid=def'], 'repeated-cookie'],
    [['Cookie', 'a=1', 'Cookie', 'b=2; c=3', 'Cookie', 'sessionid=abc'], 'abc'],
    [['Cookie', 'sessionid=abc, sessionid=def'], 'repeated-cookie'],
    [['Cookie', 'sessionid=abc,sessionid=def'], 'repeated-cookie'],
    [['Cookie', 'sessionid=abc,\tsessionid =def'], 'repeated-cookie'],
    [['Cookie', 'sessionid=abc; a=1, sessionid=abc'], 'repeated-cookie'],
    [['Cookie', 'a=1, sessionid=def; sessionid=abc'], 'repeated-cookie'],
    [['Cookie', 'sessionid="abc, sessionid=def"'], 'repeated-cookie'],
    [['Cookie', 'a=1, sessionid=abc'], 'joined-cookies'],
    [['Cookie', 'a="1, sessionid=abc"'], 'joined-cookies'],
    [['Cookie', 'sessionid=abc, a=1'], 'malformed-cookie'],
    [['Cookie', 'a=1,2,3; sessionid=abc; b="x, y=z"'], 'abc'],
    [['Cookie', 'a=x, sessionid; sessionid=abc'], 'abc'],
    [['Cookie', 'a=x, sessionid2=1, my-sessionid=2; sessionid=abc'], 'abc'],
    [['Cookie', 'sessionid="abc'], 'malformed-cookie'],
    [['Cookie', 'sessionid=abc"'], 'malformed-cookie'],
    [['Cookie', 'sessionid=a"b'], 'malformed-cookie'],
    [['Cookie', 'sessionid="a\\000"'], 'malformed-cookie'],
    [['Cookie', 'sessionid="a b"'], 'malformed-cookie'],
    [['Cookie', 'sessionid=a,b'], 'malformed-cookie'],
    [['Cookie', 'sessionid=\u00e4'], 'malformed-cookie'],
  ])('%j is %j', (headers, expected) => {
    expect(foundIn(...headers)).toBe(expected);
  });
});

describe('several session cookies of a request', () => {
  const foundIn = (...headers: string[]) => {
    const several = { cookies: ['laravel_session', 'remember_web_*'], isOnly: false };
    const found = findSession([...fromPage, ...headers], { ...several, allowedOrigins });
    return typeof found === 'string' ? found : found.value.reveal();
  };

  it.each([
    [['Cookie', 'laravel_session=abc'], 'laravel_session=abc'],
    [
      ['Cookie', 'a=1; remember_web_59ba=x%3D; XSRF-TOKEN=2; laravel_session=abc'],
      'remember_web_59ba=x%3D; laravel_session=abc',
    ],
    [['Cookie', 'remember_web_59ba=x', 'Cookie', 'b=2'], 'remember_web_59ba=x'],
    [['Cookie', 'remember_web_1=x; remember_web_2=y'], 'remember_web_1=x; remember_web_2=y'],
    [['Cookie', 'laravel_session=; remember_web_=y'], 'laravel_session=; remember_web_=y'],
    [['Cookie', 'laravel_session2=abc; my_remember_web_1=x; remember_we=y'], 'absent'],
    [['Cookie', 'remember_web_1=x; remember_web_1=y'], 'repeated-cookie'],
    [['Cookie', 'laravel_session=a, laravel_session=b; remember_web_1=y'], 'repeated-cookie'],
    [['Cookie', 'laravel_session=a; x="1, remember_web_1=y"'], 'joined-cookies'],
    [['Cookie', 'laravel_session=a; remember_web_1=x y'], 'malformed-cookie'],
  ])('%j are %j', (headers, expected) => {
    expect(foundIn(...headers)).toBe(expected);
  });
});

describe('the page behind a request', () => {
  const site = (value: string) => ['Sec-Fetch-Site', value];
  const origin = (value: string) => ['Origin', value];

  it.each([
    [fromPage],
    [origin('https://other.example')],
    [['ORIGIN', allowedOrigin]],
    [[...fromPage, ...site('same-origin')]],
    [[...fromPage, ...site('same-site')]],
    [[...fromPage, ...site('cross-site')]],
    [site('same-origin')],
  ])('may use the session with %j', (headers) => {
    expect(findSession(['Cookie', 'sessionid=abc', ...headers], mode)).toHaveProperty('value');
  });

  it.each([
    [[]],
    [origin('')],
    [origin('null')],
    [origin('*')],
    [origin('https://evil.example')],
    [origin(`${allowedOrigin}/`)],
    [origin(`${allowedOrigin}:443`)],
    [origin(`${allowedOrigin}.evil.example`)],
    [origin(allowedOrigin.toUpperCase())],
    [origin(allowedOrigin.replace('https', 'http'))],
    [origin(`${allowedOrigin}, https://evil.example`)],
    [[...fromPage, ...fromPage]],
    [[...fromPage, ...origin('https://evil.example')]],
    [[...fromPage, ...site('none')]],
    [[...fromPage, ...site('')]],
    [[...fromPage, ...site('Same-Origin')]],
    [[...fromPage, ...site('same-origin'), ...site('cross-site')]],
    [[...origin('https://evil.example'), ...site('same-origin')]],
    [site('same-site')],
    [site('cross-site')],
    [site('none')],
    [[...site('same-origin'), ...site('same-origin')]],
    [['Referer', `${allowedOrigin}/page`]],
  ])('may not with %j', (headers) => {
    expect(findSession(['Cookie', 'sessionid=abc', ...headers], mode)).toBe('foreign-page');
  });

  it('never matches "*" or "null", even if they were configured', () => {
    const anybody = { ...mode, allowedOrigins: ['*'] };
    for (const headers of [origin('*'), origin('https://evil.example')]) {
      expect(findSession(['Cookie', 'sessionid=abc', ...headers], anybody)).toBe('foreign-page');
    }
  });

  it('is not checked without a session cookie', () => {
    expect(findSession(['Cookie', 'other=1', 'Origin', 'https://evil.example'], mode)).toBe(
      'absent',
    );
  });
});

describe('the routes of a Django application', () => {
  let host: DjangoApplication;
  let usher: TestUsher;
  beforeAll(async () => {
    host = await createDjangoApplication();
    usher = await startUsher(djangoSettings(host));
    const put = await send(usher.operator, {
      method: 'PUT',
      path: '/resources/orders/99',
      headers: { 'content-type': 'application/json' },
      body: '{"owner_id":"1"}',
    });
    expect(put.status).toBe(200);
  });
  afterAll(async () => {
    await usher.stop();
    await host.drop();
  });
  beforeEach(() => host.fill(djangoRows));

  interface Received {
    readonly status: number;
    readonly head: string;
    readonly body: Readonly<Record<string, unknown>>;
  }

  /** Sends a request over its own connection, with exactly these header lines. */
  const request = async (
    path: string,
    fields: object,
    lines: readonly string[],
  ): Promise<Received> => {
    const form = new URLSearchParams({ ...fields }).toString();
    const head = [`POST ${path} HTTP/1.1`, 'Host: usher', 'Connection: close', ...lines];
    const type = [
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${form.length}`,
    ];
    const received = await speak(usher.public, `${[...head, ...type].join('\r\n')}\r\n\r\n${form}`);
    const [responseHead = '', body = ''] = received.split('\r\n\r\n');
    return {
      status: Number(responseHead.split(' ')[1]),
      head: responseHead.toLowerCase(),
      body: JSON.parse(body) as Received['body'],
    };
  };
  const enter = (channel_name: string, lines: readonly string[]) =>
    request('/broadcasting/auth', { socket_id: socketId, channel_name }, lines);
  const page = `Origin: ${allowedOrigin}`;
  const cookieOf = (who: keyof typeof djangoCookies) => `Cookie: sessionid=${djangoCookies[who]}`;
  const seats = 'private-all-seat-status';
  const missing = [401, 'Unauthorized', 'A credential is required'] as const;
  const invalid = [401, 'Unauthorized', 'The credential is not valid'] as const;
  const repeated = [400, 'Bad Request', 'The session cookie is repeated'] as const;
  const malformed = [400, 'Bad Request', 'The session cookie is malformed'] as const;
  const foreign = [403, 'Forbidden', 'The session may not be used from this page'] as const;

  it.each([
    [seats, 'alice', 403],
    [seats, 'bob', 200],
    [seats, 'carol', 200],
    ['private-chat-box', 'alice', 403],
    ['private-chat-box', 'bob', 200],
    ['private-chat-box', 'carol', 200],
    ['private-payment-99', 'alice', 200],
    ['private-payment-99', 'bob', 403],
    ['private-payment-99', 'carol', 403],
    ['private-payment-98', 'alice', 403],
    ['private-tenant.1.announcements', 'carol', 403],
  ] as const)('%s answers %s with %i', async (channel, who, status) => {
    const response = await enter(channel, [page, cookieOf(who)]);
    expect(response.status).toBe(status);
    expect('auth' in response.body).toBe(status === 200);
  });

  it.each([
    ['no cookie', [page], missing],
    ['a page of another origin', ['Origin: https://evil.example', cookieOf('bob')], foreign],
    ['a sandboxed page', ['Origin: null', cookieOf('bob')], foreign],
    ['no Origin', [cookieOf('bob')], foreign],
    ['a cross-site request', ['Sec-Fetch-Site: cross-site', cookieOf('bob')], foreign],
    [
      'Sec-Fetch-Site that contradicts Origin',
      [page, 'Sec-Fetch-Site: none', cookieOf('bob')],
      foreign,
    ],
    ['two cookies', [page, `${cookieOf('bob')}; sessionid=x`], repeated],
    ['two Cookie headers', [page, 'Cookie: sessionid=x', cookieOf('bob')], repeated],
    ['a malformed cookie', [page, 'Cookie: sessionid="x'], malformed],
    ['an unknown session', [page, `Cookie: sessionid=${'a'.repeat(32)}`], invalid],
    ['an empty session', [page, 'Cookie: sessionid='], invalid],
  ])('%s is refused', async (_name, lines, [status, error, message]) => {
    const response = await enter(seats, lines);
    const request_id = expect.any(String) as string;
    expect(response.status).toBe(status);
    expect(response.body).toEqual({ error, message, request_id });
  });

  it('accept a request of the same origin without Origin', async () => {
    const response = await enter(seats, ['Sec-Fetch-Site: same-origin', cookieOf('bob')]);
    expect(response.status).toBe(200);
  });

  it.each([
    ['an invalid bearer token', ['Authorization: Bearer bad'], 401],
    ['another scheme', ['Authorization: Token Ym9iOmJvYg=='], 401],
    [
      'a bearer token that a proxy appended to the password of the site',
      ['Authorization: Basic Ym9iOmJvYg==, Bearer bad'],
      400,
    ],
    [
      'a valid bearer token without access',
      [`Authorization: Bearer ${userToken()}`, 'X-Tenant-ID: 1'],
      403,
    ],
    ['a guest session', ['X-Guest-Session: nobody'], 401],
  ])('%s takes precedence over the cookie', async (_name, explicit, status) => {
    expect((await enter(seats, [page, cookieOf('bob')])).status).toBe(200);
    const response = await enter(seats, [page, cookieOf('bob'), ...explicit]);
    expect(response.status).toBe(status);
  });

  it.each([
    'Authorization:',
    'Authorization: Bearer',
    'Authorization: Bearer ',
    'Authorization: Bearer null',
    'Authorization: Bearer undefined',
    'Authorization: Basic Ym9iOmJvYg==',
    'Authorization: Digest username="bob", realm="staging", uri="/"',
    'Authorization: Negotiate YII=',
    'X-Guest-Session:',
    'X-Guest-Session: null',
    'X-Guest-Session: undefined',
  ])(
    '%s is not a credential: next to a cookie it is ignored, and alone the credential is missing',
    async (line) => {
      expect((await enter(seats, [page, cookieOf('bob'), line])).status).toBe(200);
      const alone = await enter(seats, [page, line]);
      expect([alone.status, alone.body['error'], alone.body['message']]).toEqual(missing);
    },
  );

  it('ignore the cookie and the page if a bearer token is sent', async () => {
    const user = [`Authorization: Bearer ${userToken()}`, 'X-Tenant-ID: 1'];
    const lines = ['Origin: https://evil.example', `${cookieOf('bob')}; sessionid=x`, ...user];
    expect((await enter('private-tenant.1.user.15', lines)).status).toBe(200);
  });

  it('refuse immediately after a logout, a change of the password, a removed flag, or a deleted account', async () => {
    const statusOfBob = async () => (await enter(seats, [page, cookieOf('bob')])).status;
    const change = async (statement: string) => {
      await host.fill(djangoRows);
      expect(await statusOfBob()).toBe(200);
      await withClient(host.url, (admin) => admin.query(statement));
      return statusOfBob();
    };
    expect(
      await change(`DELETE FROM django_session WHERE session_key = '${djangoCookies.bob}'`),
    ).toBe(401);
    expect(await change(`UPDATE auth_user SET password = 'other' WHERE id = 2`)).toBe(401);
    expect(await change(`UPDATE auth_user SET is_staff = false WHERE id = 2`)).toBe(403);
    expect(await change(`UPDATE auth_user SET is_active = false WHERE id = 2`)).toBe(401);
    expect(await change('DELETE FROM auth_user WHERE id = 2')).toBe(401);
    expect(await change(`UPDATE django_session SET expire_date = '2025-06-01T12:00:00Z'`)).toBe(
      401,
    );
  });

  it('sign in their user', async () => {
    const { status, body } = await request('/broadcasting/user-auth', { socket_id: socketId }, [
      page,
      cookieOf('alice'),
    ]);
    expect(status).toBe(200);
    expect(JSON.parse(body['user_data'] as string)).toEqual({
      id: '1',
      user_info: { name: 'alice' },
    });
  });

  it('respond 503 while the database of the application is down, and work again afterwards', async () => {
    const rename = (from: string, to: string) =>
      withClient(host.url, (admin) => admin.query(`ALTER TABLE ${from} RENAME TO ${to}`));
    await rename('django_session', 'away');
    const response = await enter(seats, [page, cookieOf('bob')]);
    expect(response.status).toBe(503);
    expect(response.head).toContain('retry-after:');
    await rename('away', 'django_session');
    expect((await enter(seats, [page, cookieOf('bob')])).status).toBe(200);
  });

  it('let allowed pages send the cookie and read the response, including errors', async () => {
    for (const lines of [[page, cookieOf('bob')], [page]]) {
      const { head } = await enter(seats, lines);
      expect(head).toContain(`access-control-allow-origin: ${allowedOrigin}\r\n`);
      expect(head).toContain('access-control-allow-credentials: true');
      expect(head).toContain('vary: origin');
    }
    const { head } = await enter(seats, ['Origin: https://evil.example', cookieOf('bob')]);
    expect(head).not.toContain('access-control-allow-origin: https://evil.example');
    expect(head).not.toContain('access-control-allow-origin: *');
  });

  it('write a security event for a page that may not use the session', async () => {
    const { head } = await enter(seats, ['Origin: https://evil.example', cookieOf('bob')]);
    const [, id] = /x-decision-id: (\S+)/.exec(head) ?? [];
    const { rows } = await withClient(usher.database, (client) =>
      client.query(
        `SELECT code, signal FROM audit_log JOIN security_events USING (decision_id) WHERE decision_id = $1`,
        [id],
      ),
    );
    expect(rows).toEqual([{ code: 'origin-refused', signal: 'cross-origin' }]);
  });
});

describe('without cookie mode', () => {
  let usher: TestUsher;
  beforeAll(async () => {
    usher = await startUsher();
  });
  afterAll(() => usher.stop());

  it('a cookie is not a credential, from any page', async () => {
    const { status, headers } = await send(usher.public, {
      path: '/broadcasting/auth',
      headers: { origin: allowedOrigin, cookie: `sessionid=${djangoCookies.bob}` },
      body: new URLSearchParams({ socket_id: socketId, channel_name: 'private-all-seat-status' }),
    });
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
  });
});
