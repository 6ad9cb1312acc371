import { describe, expect, it } from 'vitest';
import {
  send,
  asJson,
  guestRequest,
  guestChannel,
  socketId,
  userRequest,
} from '../http/requests.ts';
import { useUsher, guestToken, userToken } from '../support/usher.ts';
import { signaturesIn } from '../support/oracle.ts';
import { expectRefused, formOf, receive, raw, userLines } from './attacker.ts';

const own = 'private-tenant.1.user.15';
const other = 'private-tenant.1.user.16';
const good = [
  ['socket_id', socketId],
  ['channel_name', own],
] as const;

describe('a value that is sent twice, and that two parsers may read differently', () => {
  const usher = useUsher();

  it.each<[string, readonly (readonly [string, string])[]]>([
    ['channels', [...good, ['channel_name', other]]],
    ['channels, the allowed one last', [['channel_name', other], ...good]],
    ['equal channels', [...good, ['channel_name', own]]],
    ['sockets', [...good, ['socket_id', '9.9']]],
    ['guest sessions', [...good, ['guest_session', 'a'], ['guest_session', 'b']]],
  ])('%s in a form', async (_case, pairs) => {
    const { body } = formOf(pairs);
    const request = { ...userRequest(), ...(body !== undefined && { body }) };
    const headers = { ...request.headers, 'content-type': 'application/x-www-form-urlencoded' };
    await expectRefused(usher.public, { ...request, headers }, [400]);
  });

  it.each([
    'socket_id=1234.5678&channel_name=' + own + '&channel%5fname=' + other,
    'socket_id=1234.5678&%63hannel_name=' + own + '&channel_name=' + other,
    'socket_id=1234.5678&channel_name=' + own + '&channel_name[]=' + other + '&channel_name=x',
  ])('a repeated name in any spelling: %s', async (text) => {
    const response = await receive(usher.public, raw('POST /broadcasting/auth', userLines(), text));
    expect([response.status, signaturesIn(response.text)]).toEqual([400, []]);
  });

  it.each([
    `{"socket_id":"1234.5678","channel_name":"${own}","channel_name":"${other}"}`,
    `{"socket_id":"1234.5678","channel_name":"${own}","channel\\u005fname":"${other}"}`,
    `{"socket_id":"1234.5678","channel_name":"${other}","x":{"a":1,"a":1}, "channel_name":"${own}"}`,
  ])('repeated names in JSON: %s', async (text) => {
    await expectRefused(usher.public, asJson(userRequest(), text), [400]);
  });

  it.each<[string, readonly string[]]>([
    ['credentials', [`Authorization: Bearer ${userToken({ sub: '16' })}`]],
    ['credentials, in another spelling', [`AUTHORIZATION: bearer ${userToken()}`]],
    ['tenants', ['X-Tenant-ID: 2']],
    ['equal tenants', ['x-tenant-id: 1']],
    ['tenants in one header', ['X-Tenant-ID: 1, 2']],
    ['equal tenants in one header', ['X-Tenant-ID: 1, 1']],
    ['lengths', ['Content-Length: 1']],
    ['kinds of credential', ['X-Guest-Session: guest_x']],
  ])('%s in the headers', async (_case, lines) => {
    const body = `socket_id=${socketId}&channel_name=${own}`;
    const response = await receive(
      usher.public,
      raw('POST /broadcasting/auth', [...userLines(), ...lines], body),
    );
    expect([response.status, signaturesIn(response.text)]).toEqual([400, []]);
  });

  it('ignores repeated fields that Usher does not read', async () => {
    const once = signaturesIn((await send(usher.public, userRequest())).text);
    const { body } = formOf([...good, ['x', '1'], ['x', '2']]);
    const headers = {
      ...userRequest().headers,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const response = await send(usher.public, { ...userRequest({ headers }), body: body! });
    expect([response.status, signaturesIn(response.text)]).toEqual([200, once]);
  });

  it('different tenants in the header and in the path', async () => {
    const path = '/api/tenants/2/pusher/auth';
    await expectRefused(usher.public, userRequest({ path }), [403]);
    const headers = { 'x-tenant-id': '2', authorization: `Bearer ${userToken()}` };
    const same = { path: '/api/tenants/1/pusher/auth', headers };
    await expectRefused(usher.public, userRequest(same), [403]);
  });

  it('different tokens in the query and in the body', async () => {
    const path = (token: string) =>
      `/api/guest/hotel/grand-hotel/chat/pusher/auth?token=${encodeURIComponent(token)}`;
    const [mine, another] = [guestToken(), guestToken({ jti: 'another' })];
    const fields = { token: mine };
    expect((await send(usher.public, guestRequest({ path: path(mine), fields }))).status).toBe(200);
    await expectRefused(usher.public, guestRequest({ path: path(another), fields }), [400]);
    await expectRefused(
      usher.public,
      guestRequest({ path: `${path(mine)}&token=${another}`, fields }),
      [400],
    );
  });

  it('ignores channels in the query', async () => {
    const path = `/broadcasting/auth?channel_name=${other}&socket_id=9.9`;
    const response = await send(usher.public, userRequest({ path }));
    expect(response.status).toBe(200);
    expect(signaturesIn(response.text)).toEqual(
      signaturesIn((await send(usher.public, userRequest())).text),
    );
    const empty = { path: `/broadcasting/auth?socket_id=1.2&channel_name=${own}` };
    await expectRefused(usher.public, { ...userRequest(empty), body: '' }, [400, 415]);
  });

  it('different hotels in the path and in the channel', async () => {
    const path = '/api/guest/hotel/other-hotel/chat/pusher/auth';
    await expectRefused(usher.public, guestRequest({ path }), [403]);
    const channel_name = guestChannel.replace('grand', 'other');
    await expectRefused(usher.public, guestRequest({ fields: { channel_name } }), [403]);
  });
});
