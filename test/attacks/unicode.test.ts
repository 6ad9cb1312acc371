import { beforeAll, describe, expect, it } from 'vitest';
import { send, asJson, userRequest } from '../http/requests.ts';
import { useUsher, userToken } from '../support/usher.ts';
import { expectRefused, receive, raw, userLines } from './attacker.ts';

/** Texts that look like 15, or become it after case folding, trimming, decoding or normalization. */
const like15: readonly string[] = [
  '１５',
  '1\u0665',
  '⑮',
  '𝟏𝟓',
  '15\u0301',
  '15\u200b',
  '\ufeff15',
  '15\u00a0',
  ' 15',
  '15 ',
  '015',
  '15.0',
  '1e1',
  '%31%35',
  '15%00',
  '15\u0000',
  '1\u00ad5',
  '\u202e51',
];

describe('an id that resembles another', () => {
  const usher = useUsher();
  const room = (id: string) => ({ fields: { channel_name: `private-room-${id}` } });
  beforeAll(async () => {
    const headers = { 'content-type': 'application/json' };
    const body = '{"participants":["15","jos\\u00e9","\\u00c5sa","adm\\u0131n"]}';
    const path = '/resources/rooms/r';
    expect((await send(usher.operator, { method: 'PUT', path, headers, body })).status).toBe(200);
  });
  const asUser = (sub: string) => ({ authorization: `Bearer ${userToken({ sub })}` });
  const enters = async (sub: string) =>
    (await send(usher.public, userRequest({ ...room('r'), headers: asUser(sub) }))).status;

  it.each(like15)(
    '%j is not user 15 in a token or a channel, and not in a tenant',
    async (text) => {
      expect([401, 403]).toContain(await enters(text));
      const fields = { channel_name: `private-tenant.1.user.${text}` };
      await expectRefused(usher.public, userRequest({ fields }));
      await expectRefused(usher.public, asJson(userRequest({ fields })));
      const tenant = raw(
        'POST /pusher/auth',
        userLines().map((line) =>
          line.startsWith('X-Tenant') ? `X-Tenant-ID: ${text.replaceAll('15', '1')}x` : line,
        ),
        'socket_id=1.2&channel_name=private-tenant.1.announcements',
      );
      expect([400, 403]).toContain((await receive(usher.public, Buffer.from(tenant))).status);
    },
  );

  it.each([
    ['josé', 'jose\u0301'],
    ['Åsa', 'A\u030asa'],
    ['Åsa', '\u212bsa'],
    ['admın', 'admin'],
    ['admın', 'ADMIN'],
    ['josé', 'JOSÉ'],
  ])('%s and %j are different users', async (known, other) => {
    expect(await enters(known)).toBe(200);
    expect(await enters(other)).toBe(403);
  });

  it.each([
    'Admin',
    'ADMIN',
    'admin ',
    'аdmin',
    'ａdmin',
    'admin\u200b',
    'adm\u0131n',
    'administrator',
  ])('the role %j is not admin', async (role) => {
    const headers = { authorization: `Bearer ${userToken({ role })}` };
    const fields = { channel_name: 'private-tenant.1.admin' };
    await expectRefused(usher.public, userRequest({ fields, headers }));
  });

  it.each([
    '%c0%b1',
    '%e0%80%b1',
    '%f0%80%80%b1',
    '%ed%a0%80',
    '%ff',
    '%u0031',
    '%',
    '%0',
    '%EF%BC%91',
  ])('invalid UTF-8 in a form, %s, is not read as a digit', async (digit) => {
    const body = `socket_id=1.2&channel_name=private-tenant.1.user.${digit}5`;
    const response = await receive(usher.public, raw('POST /pusher/auth', userLines(), body));
    expect([400, 403]).toContain(response.status);
  });

  it('invalid UTF-8 in JSON matches no id', async () => {
    const lines = userLines().map((line) => line.replace('x-www-form-urlencoded', 'json'));
    const text = '{"socket_id":"1.2","channel_name":"private-tenant.1.user.\u00c0\u00b15"}';
    const body = Buffer.from(text, 'latin1');
    const head = raw('POST /pusher/auth', [...lines, `Content-Length: ${body.length}`]);
    const response = await receive(usher.public, Buffer.concat([Buffer.from(head), body]));
    expect([400, 403]).toContain(response.status);
  });
});
