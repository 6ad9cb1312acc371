import { describe, expect, it } from 'vitest';
import { useUsher, userToken } from '../../support/usher.ts';
import { speak } from '../raw-socket.ts';
import { send, userRequest, signInRequest } from '../requests.ts';

const each = ['1', '2', undefined] as const;
const refused = [403, 'The tenant of the request, the credential and the channel must be the same'];
const missing = [403, 'X-Tenant-ID is required'];

/** Every way in which header, path, token and channel can name two tenants, or none. */
const combinations = each.flatMap((header) =>
  each.flatMap((path) =>
    each.flatMap((token) => each.map((channel) => ({ header, path, token, channel }))),
  ),
);

function expected({ header, path, token, channel }: (typeof combinations)[number]) {
  const inRequest = [header, path].filter((tenant) => tenant !== undefined);
  if (inRequest.length === 0) return token === undefined && channel === undefined ? 403 : missing;
  const all = new Set([...inRequest, token, channel ?? token]);
  return all.size === 1 ? 200 : refused;
}

describe('the tenant', () => {
  const usher = useUsher();

  it.each(combinations)(
    'header $header, path $path, token $token, channel $channel',
    async (combination) => {
      const { header, path, token, channel } = combination;
      const response = await send(
        usher.public,
        userRequest({
          path: path === undefined ? '/pusher/auth' : `/api/tenants/${path}/pusher/auth`,
          headers: {
            'x-tenant-id': header,
            authorization: `Bearer ${userToken({ tenant_id: token })}`,
          },
          fields: {
            channel_name:
              channel === undefined ? 'private-announcements' : `private-tenant.${channel}.user.15`,
          },
        }),
      );
      const { message } = response.body as { message?: string };
      const want = expected(combination);
      expect(typeof want === 'number' ? response.status : [response.status, message]).toStrictEqual(
        want,
      );
    },
  );

  it('may have at most 128 characters', async () => {
    const tenant = '1'.repeat(129);
    for (const requestFor of [userRequest, signInRequest]) {
      const response = await send(usher.public, requestFor({ headers: { 'x-tenant-id': tenant } }));
      expect([response.status, response.body]).toMatchObject([
        400,
        { message: 'The tenant is too long' },
      ]);
    }
  });

  it.each(['', 'null', 'undefined'])('is missing if a page sends %j', async (tenant) => {
    const headers = { 'x-tenant-id': tenant };
    for (const requestFor of [userRequest, signInRequest]) {
      const response = await send(usher.public, requestFor({ headers }));
      expect([response.status, response.body]).toMatchObject([
        403,
        { message: 'X-Tenant-ID is required' },
      ]);
    }
    const authorization = `Bearer ${userToken({ tenant_id: undefined })}`;
    const nowhere = signInRequest({ headers: { ...headers, authorization } });
    expect((await send(usher.public, nowhere)).status).toBe(200);
    // The path names one, as without the header.
    const path = '/api/tenants/1/pusher/auth';
    expect((await send(usher.public, userRequest({ path, headers }))).status).toBe(200);
  });

  it.each(['null', 'undefined'])('%s in the path is the name of a tenant', async (tenant) => {
    const path = `/api/tenants/${tenant}/pusher/auth`;
    const request = userRequest({ path, headers: { 'x-tenant-id': undefined } });
    const { status, body } = await send(usher.public, request);
    expect([status, body]).toMatchObject([
      403,
      { message: expect.stringContaining('must be the same') as unknown },
    ]);
  });

  it.each(['1 2', '01', '1.user', '1;', '*', '{tenantId}'])(
    'is not 1 if it is %j',
    async (tenant) => {
      const response = await send(
        usher.public,
        userRequest({ headers: { 'x-tenant-id': tenant } }),
      );
      expect(response.status).toBe(403);
    },
  );

  it.each([
    ['X-Tenant-ID', 'X-Tenant-ID: 1\r\nx-tenant-id: 1'],
    // The header of a page that sets it in both `headers` and `headersProvider` of pusher-js.
    ['X-Tenant-ID', 'X-Tenant-ID: 1, 1'],
    ['X-Tenant-ID', 'X-Tenant-ID: 1,2'],
    ['X-Guest-Session', 'X-Guest-Session: a\r\nx-guest-session: a'],
    [
      'Authorization',
      `Authorization: Bearer ${userToken()}\r\nauthorization: Bearer ${userToken()}`,
    ],
  ])('%s is refused if it is repeated, even with the same text', async (name, lines) => {
    const others =
      name === 'Authorization' ? 'X-Tenant-ID: 1' : `Authorization: Bearer ${userToken()}`;
    const body = 'socket_id=1.2&channel_name=private-tenant.1.user.15';
    const response = await speak(
      usher.public,
      `POST /broadcasting/auth HTTP/1.1\r\nHost: usher\r\n${lines}\r\n${others}\r\n` +
        'Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n' +
        `Content-Length: ${String(body.length)}\r\n\r\n${body}`,
    );
    expect(response).toContain('HTTP/1.1 400 Bad Request');
    expect(response).toContain(`${name} is repeated`);
  });
});
