import { describe, expect, it } from 'vitest';
import { allowedOrigin, guestToken, useUsher } from '../../support/usher.ts';
import {
  send,
  asJson,
  guestRequest,
  guestChannel,
  userRequest,
  signInRequest,
} from '../requests.ts';
import type { TestResponse, TestRequest } from '../requests.ts';

const own = 'private-tenant.1.user.15';
const form = (body: string): TestRequest => ({ ...userRequest(), body: new URLSearchParams(body) });
const json = (body: string): TestRequest => asJson(userRequest(), body);
const typed = (type: string, body = 'socket_id=1.2&channel_name=x'): TestRequest => {
  const headers = { ...userRequest().headers, 'content-type': type };
  return { path: '/broadcasting/auth', headers, body };
};
const query = (text: string): TestRequest =>
  guestRequest({ path: `/api/guest/hotel/grand-hotel/chat/pusher/auth?${text}` });
const nested = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);

/** A refusal of the request itself: its status, no signature, and headers for the page's scripts. */
function expectRefused(response: TestResponse, status: number): void {
  expect(response.status).toBe(status);
  expect(response.text).not.toMatch(/"auth"|"channel_data"|"shared_secret"|"user_data"/);
  expect(response.headers.get('access-control-allow-origin')).toBe(allowedOrigin);
  expect(response.headers.get('x-request-id')).toBeTruthy();
}

describe('an invalid request', () => {
  const usher = useUsher();
  const responseTo = (request: TestRequest) =>
    send(usher.public, { ...request, headers: { ...request.headers, origin: allowedOrigin } });

  it.each<[string, TestRequest, string]>([
    ['no fields', form(''), 'socket_id is required'],
    ['no socket', form(`channel_name=${own}`), 'socket_id is required'],
    ['no channel', form('socket_id=1.2'), 'channel_name is required'],
    ['an empty channel', form('socket_id=1.2&channel_name='), 'channel_name is required'],
    [
      'a repeated socket',
      form(`socket_id=1.2&socket_id=1.2&channel_name=${own}`),
      'socket_id is repeated',
    ],
    [
      'two sockets',
      form(`socket_id=1.2&socket_id=1.3&channel_name=${own}`),
      'socket_id is repeated',
    ],
    [
      'a repeated channel',
      form(`socket_id=1.2&channel_name=${own}&channel_name=a`),
      'channel_name is repeated',
    ],
    [
      'a percent-encoded repetition',
      form(`socket_id=1.2&channel_name=a&channel%5Fname=${own}`),
      'channel_name is repeated',
    ],
    [
      'three channels',
      form(`channel_name=a&socket_id=1.2&channel_name=b&channel_name=a`),
      'channel_name is repeated',
    ],
    ['an array as in PHP', form(`socket_id=1.2&channel_name[]=${own}`), 'channel_name is required'],
    [
      'too many fields',
      form(Array.from({ length: 200 }, (_, i) => `f${String(i)}=1`).join('&')),
      'Too many fields',
    ],
    ['a long socket', form(`socket_id=${'1'.repeat(129)}&channel_name=a`), 'socket_id is too long'],
    [
      'a long channel',
      form(`socket_id=1.2&channel_name=private-${'a'.repeat(505)}`),
      'channel_name is too long',
    ],
    ['an empty JSON body', json(''), 'socket_id is required'],
    ['truncated JSON', json('{"socket_id":"1.2"'), 'The body is not JSON'],
    ['JSON after two byte order marks', json('\uFEFF\uFEFF{}'), 'The body is not JSON'],
    ['a JSON array', json('["socket_id"]'), 'The body must be a JSON object'],
    ['a JSON text', json('"socket_id=1.2"'), 'The body must be a JSON object'],
    ['JSON null', json('null'), 'socket_id is required'],
    [
      'a number for a socket',
      json(`{"socket_id":1.2,"channel_name":"${own}"}`),
      'socket_id must be a text',
    ],
    [
      'null for a socket',
      json(`{"socket_id":null,"channel_name":"${own}"}`),
      'socket_id is required',
    ],
    [
      'an object for a channel',
      json('{"socket_id":"1.2","channel_name":{}}'),
      'channel_name must be a text',
    ],
    [
      'a list for a channel',
      json(`{"socket_id":"1.2","channel_name":["${own}"]}`),
      'channel_name is repeated',
    ],
    ['a repeated name', json('{"socket_id":"1.2","socket_id":"1.2"}'), 'socket_id is repeated'],
    [
      'a repeated name, once escaped',
      json(String.raw`{"socket_id":"1.2","socket\u005fid":"1.3"}`),
      'socket_id is repeated',
    ],
    [
      'only a __proto__ field',
      json(`{"__proto__":{"socket_id":"1.2","channel_name":"${own}"}}`),
      'socket_id is required',
    ],
    [
      'a __proto__ field in a form',
      form('__proto__[socket_id]=1.2&constructor=x'),
      'socket_id is required',
    ],
    ['deep JSON', json(nested(5)), 'The body is nested too deeply'],
    ['very deep JSON', json(nested(2000)), 'The body is nested too deeply'],
  ])('400 for %s', async (_case, request, message) => {
    const response = await responseTo(request);
    expectRefused(response, 400);
    const request_id = response.headers.get('x-request-id');
    expect(response.body).toStrictEqual({ error: 'Bad Request', message, request_id });
  });

  it.each<[string, TestRequest, number]>([
    ['text', typed('text/plain'), 415],
    ['text that is JSON', typed('text/plain', '{"socket_id":"1.2","channel_name":"x"}'), 415],
    ['XML', typed('application/xml', '<a/>'), 415],
    ['JSON of another kind', typed('application/ld+json', '{}'), 415],
    ['an invalid content type', typed('garbage'), 415],
    ['a large form', form(`socket_id=1.2&x=${'a'.repeat(25_000)}`), 413],
    ['large JSON', json(`{"x":"${'a'.repeat(25_000)}"}`), 413],
    ['large and deep JSON', json(nested(5_000)), 413],
  ])('%s: the status matches the error', async (_case, request, status) => {
    const response = await responseTo(request);
    expectRefused(response, status);
    expect(response.body).toMatchObject({ request_id: response.headers.get('x-request-id') });
  });

  it.each<[string, TestRequest, string]>([
    [
      'two tokens in the query',
      query(`token=${guestToken()}&token=${guestToken()}`),
      'token is repeated',
    ],
    [
      'two tokens in the form',
      {
        ...guestRequest(),
        body: new URLSearchParams('socket_id=1.2&channel_name=x&token=a&token=b'),
      },
      'token is repeated',
    ],
    [
      'a number for a token',
      asJson(guestRequest(), `{"socket_id":"1.2","channel_name":"${guestChannel}","token":1}`),
      'token must be a text',
    ],
    ['a long token', guestRequest({ fields: { token: 'a'.repeat(16_385) } }), 'token is too long'],
    ['a long token in the query', query(`token=${'a'.repeat(16_385)}`), 'token is too long'],
  ])('the hotel chat responds with two fields: %s', async (_case, request, message) => {
    const response = await responseTo(request);
    expectRefused(response, 400);
    expect(response.body).toStrictEqual({ error: 'Bad Request', message });
  });

  it('the hotel chat treats null as a missing field', async () => {
    const body = JSON.stringify({ socket_id: '1.2', channel_name: guestChannel, token: null });
    const inQuery = query(`token=${guestToken()}`);
    expect((await responseTo(asJson(inQuery, body))).status).toBe(200);
    const response = await responseTo(asJson(guestRequest(), body));
    expectRefused(response, 400);
    expect(response.body).toStrictEqual({ error: 'Missing required parameters' });
  });

  it.each(['gzip', 'br, gzip', 'x-custom'])(
    'reports that a body with the encoding %s is compressed',
    async (coding) => {
      const { headers, ...request } = userRequest();
      const compressed = { ...request, headers: { ...headers, 'content-encoding': coding } };
      const multipart = new FormData();
      multipart.append('socket_id', '1.2');
      for (const each of [compressed, asJson(compressed), { ...compressed, body: multipart }]) {
        const response = await responseTo(each);
        expectRefused(response, 415);
        expect(response.body).toMatchObject({
          message: 'The body must not be compressed: send it without Content-Encoding',
        });
      }
    },
  );

  it('ignores a byte order mark before JSON and before a form', async () => {
    const { headers, path } = signInRequest();
    for (const [type, body] of [
      ['application/json', '{"socket_id":"1.2"}'],
      ['application/x-www-form-urlencoded', '{"socket_id":"1.2"}'],
      ['application/x-www-form-urlencoded', 'socket_id=1.2'],
      ['application/json', 'socket_id=1.2'],
    ]) {
      const request = {
        path,
        headers: { ...headers, 'content-type': type! },
        body: `\uFEFF${body!}`,
      };
      expect((await responseTo(request)).status, `${type!} ${body!}`).toBe(200);
    }
  });

  it('ignores properties that every object inherits', async () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      const request = signInRequest({ fields: { [name]: 'x' } });
      expect((await responseTo(request)).status).toBe(200);
      expect((await responseTo(asJson(request))).status).toBe(200);
    }
  });
});
