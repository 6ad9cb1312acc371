import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createDjangoApplication,
  djangoCookies,
  djangoRows,
  djangoSettings,
  type DjangoApplication,
} from '../support/django-application.ts';
import { signaturesIn } from '../support/oracle.ts';
import { allowedOrigin, startUsher, type TestUsher } from '../support/usher.ts';
import { receive, raw } from './attacker.ts';

/** Origins of foreign pages. */
const foreign: readonly string[] = [
  'null',
  'https://evil.example',
  'http://app.example',
  'https://app.example:443',
  'https://app.example:8443',
  'https://app.example.',
  'https://app.example/',
  'https://APP.example',
  'HTTPS://app.example',
  'https://app.example.evil.example',
  'https://evil-app.example',
  'https://app.example@evil.example',
  'https://evil.example/https://app.example',
  'https://sub.app.example',
  'https://app.example https://evil.example',
  'https://xn--pp-viab.example',
  '*',
  '',
];
const body = 'socket_id=1234.5678&channel_name=private-chat-box';

describe('a page of another origin, with the visitor’s cookie', () => {
  let host: DjangoApplication;
  let usher: TestUsher;
  beforeAll(async () => {
    host = await createDjangoApplication();
    usher = await startUsher(djangoSettings(host));
  });
  afterAll(async () => {
    await usher.stop();
    await host.drop();
  });
  beforeEach(() => host.fill(djangoRows));

  const requestFor = (
    lines: readonly string[],
    text = body,
    type = 'application/x-www-form-urlencoded',
  ) =>
    receive(
      usher.public,
      raw(
        'POST /broadcasting/auth',
        [
          'Host: usher',
          `Cookie: sessionid=${djangoCookies.bob}`,
          `Content-Type: ${type}`,
          ...lines,
        ],
        text,
      ),
    );

  it('grants the visitor’s own page', async () => {
    const own = await requestFor([`Origin: ${allowedOrigin}`]);
    expect([own.status, signaturesIn(own.text).length]).toEqual([200, 1]);
  });

  it.each(foreign)(
    'is refused from the origin %j, and cannot read the response',
    async (origin) => {
      const sites = [[], ['Sec-Fetch-Site: same-origin'], ['Sec-Fetch-Site: cross-site']];
      for (const site of sites) {
        const response = await requestFor([`Origin: ${origin}`, ...site]);
        expect([response.status, signaturesIn(response.text)]).toEqual([403, []]);
        expect(response.head).not.toMatch(/access-control-allow-origin/);
      }
    },
  );

  it.each<[string, readonly string[]]>([
    ['no origin', []],
    ['no origin, but a Referer of the allowed origin', [`Referer: ${allowedOrigin}/`]],
    ['no origin, with Sec-Fetch-Site: cross-site', ['Sec-Fetch-Site: cross-site']],
    ['no origin, with Sec-Fetch-Site: same-site', ['Sec-Fetch-Site: same-site']],
    ['no origin, with Sec-Fetch-Site: none', ['Sec-Fetch-Site: none']],
    ['two origins', [`Origin: ${allowedOrigin}`, 'Origin: https://evil.example']],
    [
      'two origins, the allowed one last',
      ['Origin: https://evil.example', `Origin: ${allowedOrigin}`],
    ],
    [
      'an origin in X-Forwarded-Origin',
      ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
    ],
    ['an origin in X-Origin', [`X-Forwarded-Origin: ${allowedOrigin}`]],
    ['an origin in another header', [`X-Origin: ${allowedOrigin}`, 'Origin: null']],
  ])('is refused with %s', async (_case, lines) => {
    const response = await requestFor(lines);
    expect([response.status, signaturesIn(response.text)]).toEqual([403, []]);
  });

  it.each([
    ['text/plain', 415],
    ['multipart/form-data; boundary=x', 400],
    ['application/octet-stream', 415],
    ['text/json', 415],
  ])('cannot send JSON as %s, which requires no preflight', async (type, status) => {
    const json = '{"socket_id":"1234.5678","channel_name":"private-chat-box"}';
    const response = await requestFor([`Origin: ${allowedOrigin}`], json, type);
    expect([response.status, signaturesIn(response.text)]).toEqual([status, []]);
  });

  it.each([
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded, application/json',
    'multipart/form-data; boundary=x',
    'application/json',
    '',
  ])('is refused with a body of the type %j, in any format', async (type) => {
    const json = '{"socket_id":"1234.5678","channel_name":"private-chat-box"}';
    const part = (name: string, value: string) =>
      `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const parts = `${part('socket_id', '1234.5678')}${part('channel_name', 'private-chat-box')}--x--\r\n`;
    for (const text of [body, json, parts]) {
      const response = await requestFor(['Origin: https://evil.example'], text, type);
      expect([400, 403]).toContain(response.status);
      expect(signaturesIn(response.text)).toEqual([]);
    }
  });

  it('cannot add its own cookie to the visitor’s', async () => {
    for (const line of [
      `Cookie: sessionid=${djangoCookies.carol}`,
      'Cookie: sessionid=',
      'cookie: a=b; sessionid\t=x',
    ]) {
      const response = await requestFor([`Origin: ${allowedOrigin}`, line]);
      expect([response.status, signaturesIn(response.text)]).toEqual([400, []]);
    }
  });

  it.each(['GET', 'PUT', 'PATCH', 'HEAD'])('cannot send a request with %s', async (method) => {
    const start = `${method} /broadcasting/auth?${body}`;
    const lines = ['Host: usher', `Origin: ${allowedOrigin}`];
    const cookie = `Cookie: sessionid=${djangoCookies.bob}`;
    const response = await receive(usher.public, raw(start, [...lines, cookie]));
    expect([response.status, signaturesIn(response.text)]).toEqual([405, []]);
  });
});
