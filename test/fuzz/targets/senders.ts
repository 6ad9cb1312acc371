import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { createApplicationClient } from '../../../src/application/application-client.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { createIntrospectionReader } from '../../../src/authn/introspection.ts';
import { createJwks } from '../../../src/authn/jwt/jwks.ts';
import { findSession } from '../../../src/http/input/session-cookie.ts';
import { createWebhookReader } from '../../../src/pusher/webhooks/read-webhook.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { testNow } from '../../support/tokens.ts';
import { mutated, textNear } from '../mutations.ts';
import { defineTarget } from '../target.ts';

const secret = 'webhook-secret-of-tests';
const app = {
  appId: '1',
  key: 'k',
  secret: new Secret(secret),
  tls: true,
  dialect: 'pusher',
} as const;
const readWebhook = createWebhookReader([app]);
const webhook = JSON.stringify({
  time_ms: testNow,
  events: [
    { name: 'channel_occupied', channel: 'private-a' },
    {
      name: 'client_event',
      channel: 'private-a',
      event: 'client-x',
      data: '{}',
      socket_id: '1.2',
      user_id: 7,
    },
  ],
});
const sign = (body: Buffer) => createHmac('sha256', secret).update(body).digest('hex');

const host = 'https://host.example';
const page = 'https://app.example';
const mode = { cookies: ['sessionid'], isOnly: true, allowedOrigins: [page] };

const responses = [
  '{"user_id":"7","is_staff":true,"is_superuser":false,"name":"A","expires_at":"2025-06-01T13:00:00Z"}',
  '{"user_id":7}',
];
const rsa = {
  kty: 'RSA',
  e: 'AQAB',
  n: Buffer.alloc(256, 0xc5).toString('base64url'),
  kid: 'k1',
  alg: 'RS256',
  use: 'sig',
};
const ec = {
  kty: 'EC',
  crv: 'P-256',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  y: '2dOrzRnPIDMgPeCmjF-vbGuVZBdrkDHlK_ZfbKF3_vU',
};
const respondWith = (text: string, status = 200) =>
  (() => Promise.resolve(new Response(text, { status }))) as unknown as typeof fetch;

/** The result of a sender; `Unavailable` is a valid one, and any other error is a defect. */
async function orUnavailable<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

export const senderTargets = [
  defineTarget({
    name: 'webhooks',
    input: fc.tuple(textNear(webhook), mutated(sign(Buffer.from(webhook))), fc.boolean()),
    holds: ([text, other, isValid]) => {
      const body = Buffer.from(text);
      const signature = isValid ? sign(body) : other;
      const read = readWebhook({ key: 'k', signature, body });
      if (signature.toLowerCase() !== sign(body)) assert.equal(read, 'forged');
      if (typeof read === 'string') return;
      const { time_ms } = JSON.parse(body.toString()) as { readonly time_ms: unknown };
      assert.equal(read.at, time_ms);
    },
  }),
  defineTarget({
    name: 'cookies and origins',
    input: fc.tuple(
      fc.array(textNear('sessionid=abc', 'a=b; sessionid=abc', 'sessionid="abc"; x=y'), {
        maxLength: 2,
      }),
      fc.array(mutated(page, 'https://evil.example', 'null'), { maxLength: 2 }),
      fc.array(mutated('same-origin', 'cross-site', 'none'), { maxLength: 2 }),
    ),
    holds: ([cookies, origins, sites]) => {
      const session = findSession(
        [
          ...cookies.flatMap((value) => ['Cookie', value]),
          ...origins.flatMap((value) => ['Origin', value]),
          ...sites.flatMap((value) => ['Sec-Fetch-Site', value]),
        ],
        mode,
      );
      if (typeof session === 'string') return;
      const values = cookies
        .flatMap((header) => header.split(';'))
        .filter((pair) =>
          /^[\s\u0080-\u{10ffff}\0-\x20]*sessionid[\s\u0080-\u{10ffff}\0-\x20\x7f]*=/u.test(pair),
        );
      assert.equal(values.length, 1, 'one session cookie');
      assert.ok(values[0]?.includes(session.value.reveal()));
      assert.ok(!/[\s;,\\\0]/.test(session.value.reveal()));
      const from = origins.length === 0 ? sites.join() : origins.join();
      assert.equal(from, origins.length === 0 ? 'same-origin' : page);
    },
  }),
  defineTarget({
    name: 'introspection answers',
    input: fc.tuple(textNear(...responses), fc.constantFrom(200, 200, 200, 401, 302, 500)),
    holds: async ([text, status]) => {
      const url = new URL(host);
      const client = createApplicationClient(
        { name: 'session introspection', origin: url.origin },
        { fetch: respondWith(text, status), startTimer: systemClock.startTimer },
      );
      const sendRequest = createIntrospectionReader({
        attributes: () => undefined,
        url,
        cookieName: 'sid',
        client,
        now: () => testNow,
      });
      const read = await orUnavailable(sendRequest('abc'));
      if (read === undefined || 'fault' in read) return;
      assert.equal(status, 200);
      // A byte order mark is no part of a text (RFC 8259 §8.1).
      const body = JSON.parse(new TextDecoder().decode(Buffer.from(text))) as Readonly<
        Record<string, unknown>
      >;
      const { kind, id, attributes } = read.principal;
      assert.equal(kind, 'visitor');
      assert.ok([body['id'], body['user_id']].map(String).includes(id));
      const is_staff = body['is_staff'] === true;
      assert.deepEqual(attributes, { is_staff, is_superuser: body['is_superuser'] === true });
    },
  }),
  defineTarget({
    name: 'key sets',
    input: textNear(
      JSON.stringify({ keys: [rsa, ec] }),
      JSON.stringify({ keys: [rsa] }),
      '{"keys":[]}',
    ),
    holds: async (text) => {
      const fetch = respondWith(text);
      const keys = createJwks({ url: new URL(host), fetch, now: () => testNow });
      for (const hint of [{ alg: 'RS256', kid: 'k1' }, { alg: 'ES256' }, { alg: 'HS256' }]) {
        for (const key of (await orUnavailable(keys.find(hint))) ?? []) {
          assert.equal(key.algorithm, hint.alg);
          assert.equal(key.key.type, 'public');
        }
      }
    },
  }),
];
