import { describe, expect, it } from 'vitest';
import { send, asJson, guestRequest, socketId, userRequest } from '../http/requests.ts';
import { issueRequest, redeemRequest, ticketEnvironment } from '../http/ticket-requests.ts';
import { hmacToken, userClaims } from '../support/tokens.ts';
import { useUsher } from '../support/usher.ts';
import { expectRefused, formOf } from './attacker.ts';

const own = 'private-tenant.1.user.15';
/** Names that reach a prototype in careless code. */
const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
const paths = names.flatMap((name) => [name, `${name}[socket_id]`, `${name}.admin`, `a[${name}]`]);

describe('a name of the object prototype', () => {
  const usher = useUsher(ticketEnvironment);

  /** Fails if an object of this process has inherited a polluted property. */
  const expectClean = () => {
    for (const name of ['socket_id', 'channel_name', 'admin', 'polluted', 'sub', 'token']) {
      expect(Reflect.has({}, name)).toBe(false);
      expect(Reflect.has(() => undefined, name)).toBe(false);
    }
  };

  it.each(paths)('is not a field in a form: %s', async (name) => {
    const pairs = [
      ['socket_id', socketId],
      ['channel_name', own],
      [name, 'polluted'],
    ] as const;
    const { body, headers } = formOf(pairs);
    const request = userRequest();
    const sent = { ...request, headers: { ...request.headers, ...headers }, ...(body && { body }) };
    expect((await send(usher.public, sent)).status).toBe(200);
    expectClean();
  });

  it.each(names)('does not add a missing field in JSON: %s', async (name) => {
    const inherited = { socket_id: socketId, channel_name: own, polluted: true };
    const text = (value: unknown) => `{"${name}":${JSON.stringify(value)}}`;
    await expectRefused(usher.public, asJson(userRequest(), text(inherited)), [400]);
    const deeper = text({ prototype: inherited });
    await expectRefused(usher.public, asJson(userRequest(), deeper), [400]);
    await expectRefused(
      usher.public,
      issueRequest(`{"clientInfo":{"${name}":1},"userId":7}`),
      [400],
    );
    await expectRefused(
      usher.public,
      { ...redeemRequest('x'), body: text({ ticket: 'x' }) },
      [400],
    );
    expectClean();
  });

  it.each(names)('is not a field in a query: %s', async (name) => {
    const path = `/api/guest/hotel/grand-hotel/chat/pusher/auth?${name}[token]=x&${name}=polluted`;
    expect((await send(usher.public, guestRequest({ path }))).status).toBe(200);
    await expectRefused(usher.public, guestRequest({ path, fields: { token: undefined } }), [400]);
    expectClean();
  });

  it.each(names)('does not add a missing claim to a token: %s', async (name) => {
    const claims = userClaims({ sub: undefined });
    const payload = JSON.stringify(claims).replace('{', `{"${name}":{"sub":"15"},`);
    const headers = { authorization: `Bearer ${hmacToken(payload)}` };
    await expectRefused(usher.public, userRequest({ headers }), [401]);
    expectClean();
  });

  it.each(names)('is not found as a name: %s', async (name) => {
    const channel_name = `private-${name}`;
    await expectRefused(usher.public, userRequest({ fields: { channel_name } }), [403]);
    await expectRefused(usher.public, userRequest({ headers: { 'x-tenant-id': name } }), [403]);
    const server = { 'x-chat-server-key': name, 'x-chat-server-secret': name };
    await expectRefused(usher.public, issueRequest(undefined, server), [401]);
    await expectRefused(usher.public, redeemRequest(`ws_ticket_${'0'.repeat(64)}`, server), [401]);
    const webhook = { 'x-pusher-key': name, 'x-pusher-signature': 'a'.repeat(64) };
    const headers = { ...webhook, 'content-type': 'application/json' };
    await expectRefused(usher.public, { path: '/pusher/webhooks', headers, body: '{}' }, [401]);
    const batch = { socket_id: socketId, channel_name: [name] };
    const path = '/pusher/auth/batch';
    const response = await send(usher.public, asJson(userRequest({ path }), JSON.stringify(batch)));
    expect(response.text).toMatch(new RegExp(`^{"${name}":{"status":400,[^{}]*}}$`));
    expectClean();
  });
});
