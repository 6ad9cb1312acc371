import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startJwksServer } from '../../authn/jwt/jwks-server.ts';
import { metric } from '../../support/metrics.ts';
import { guestClaims, keyToken, userClaims } from '../../support/tokens.ts';
import { allowedOrigin, startUsher, userToken, type TestUsher } from '../../support/usher.ts';
import { send, guestRequest, userRequest } from '../requests.ts';

/** An application that identifies the user of a session cookie, or fails. */
async function startApplication() {
  let status = 200;
  const server = createServer((_request, response) => {
    response.writeHead(status).end('{"user_id":"15","is_staff":true}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    fail: (isFailing: boolean) => (status = isFailing ? 500 : 200),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

let host: Awaited<ReturnType<typeof startApplication>>;
let usher: TestUsher;
beforeAll(async () => {
  host = await startApplication();
  usher = await startUsher({ SESSION_MODE: 'introspect', SESSION_INTROSPECTION_URL: host.url });
});
afterAll(async () => {
  await usher.stop();
  host.stop();
});

const figures = async (of = usher) =>
  (await send(of.operator, { path: '/metrics', method: 'GET' })).text;

let sessions = 0;

/** Requests channels with a session that is not cached yet. */
const requestBox = (path: string, channels: unknown) =>
  send(usher.public, {
    path,
    headers: {
      cookie: `sessionid=s${(sessions += 1)}`,
      origin: allowedOrigin,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ socket_id: '1.2', channel_name: channels }),
  });
const box = 'private-chat-box';

describe('a dependency of Usher', () => {
  const introspection = 'dependency="session introspection"';
  const read = async () => {
    const text = await figures();
    const of = (name: string, labels = introspection) => metric(text, name, labels);
    return [of('usher_dependency_up'), of('usher_unavailable_total')];
  };

  it('has the state of its last response, and each 503 is counted', async () => {
    expect(await read()).toEqual([undefined, 0]);
    host.fail(true);
    expect((await requestBox('/pusher/auth', box)).status).toBe(503);
    expect(await read()).toEqual([0, 1]);
    host.fail(false);
    expect((await requestBox('/pusher/auth', box)).status).toBe(200);
    expect(await read()).toEqual([1, 1]);
    expect(metric(await figures(), 'usher_dependency_up', 'dependency="database"')).toBe(1);
  });

  it('is down while one of two servers does not respond, even if the other does', async () => {
    const [guests, users] = [await startJwksServer(), await startJwksServer()];
    const { privateKey } = generateKeyPairSync('ed25519');
    const token = (claims: object) => keyToken(claims, { alg: 'EdDSA' }, privateKey);
    const other = await startUsher({
      GUEST_TOKEN_SECRET: '',
      GUEST_TOKEN_JWKS_URL: guests.url.href,
      USER_TOKEN_SECRET: '',
      USER_TOKEN_JWKS_URL: users.url.href,
    });
    onTestFinished(async () => {
      await Promise.all([other.stop(), guests.close(), users.close()]);
    });
    const up = async () => metric(await figures(other), 'usher_dependency_up', keys);
    const keys = 'dependency="token keys"';
    guests.respondWith((_request, response) => response.writeHead(200).end('no keys'));
    const path = `/api/guest/hotel/grand-hotel/chat/pusher/auth?token=${token(guestClaims())}`;
    const asGuest = guestRequest({ path, fields: { token: undefined } });
    const headers = { authorization: `Bearer ${token(userClaims())}` };
    expect(await up()).toBeUndefined();
    expect((await send(other.public, userRequest({ headers }))).status).toBe(401);
    expect(await up()).toBe(1);
    expect((await send(other.public, asGuest)).status).toBe(503);
    other.clock.now += 30_000;
    expect((await send(other.public, userRequest({ headers }))).status).toBe(401);
    expect(await up()).toBe(0);
    expect(metric(await figures(other), 'usher_unavailable_total', keys)).toBe(1);
  });

  it('counts each channel of a failed batch', async () => {
    const [, before = 0] = await read();
    host.fail(true);
    const { text } = await requestBox('/pusher/auth/batch', [box]);
    host.fail(false);
    const entry = { status: 503, message: 'Try again in a moment', retry_after: 2 };
    expect(JSON.parse(text)).toEqual({ [box]: entry });
    expect(await read()).toEqual([0, before + 1]);
  });
});

it.each([
  ['tokens whose signature was cached', 'usher_token_lookups_total'],
  ['cached facts, and cached absence of revocations', 'usher_fact_lookups_total'],
])('counts %s', async (_what, name) => {
  const authorization = `Bearer ${userToken({ jti: name })}`;
  const lookups = async () => {
    const text = await figures();
    return ['hit', 'miss'].map((is) => metric(text, name, `result="${is}"`));
  };
  // Facts are cached once a statement has seen their tables.
  await send(usher.public, userRequest());
  const [hits = 0, misses = 0] = await lookups();
  for (let i = 0; i < 3; i += 1)
    await send(usher.public, userRequest({ headers: { authorization } }));
  expect(await lookups()).toEqual([hits + 2, misses + 1]);
});
