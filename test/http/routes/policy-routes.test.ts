import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/policy/load-policy.ts';
import { runPolicyTests } from '../../../src/policy-test/run-tests.ts';
import { guestToken, startUsher, useUsher, userToken } from '../../support/usher.ts';
import { send, socketId } from '../requests.ts';

const policy = `channels:
  private-class.{school}:
    params: { school: id }
    tenant: school
    allow: { user: { user has an id: user.id != '' } }
  private-desk.{desk}:
    params: { desk: id }
    allow: { user: { user has an id: user.id != '' } }
  private-open.{hotel}:
    params: { hotel: slug }
    allow: { guest: { token is for this hotel: guest.hotel == params.hotel } }
routes:
  /class/auth: { credential: { kind: user, field: jwt }, only: ['private-class.{school}'] }
  /desk/{tenantId}/auth: { credential: { kind: user, field: jwt }, pins: { tenantId: desk }, only: ['private-desk.{desk}'] }
  /open/{hotel}/auth: { credential: { kind: guest, query: token }, pins: { hotel: hotel }, only: ['private-open.{hotel}'] }
`;

const tests = `principals:
  ada: { kind: user, id: '15', tenant: '1' }
expect:
  - { who: ada, channel: private-class.1, route: /class/auth, grant: true, also_granted: [other user] }
  - { who: ada, channel: private-class.1, route: /class/auth, tenant: '2', refuse: tenant-mismatch }
`;

const directory = mkdtempSync(join(tmpdir(), 'usher-routes-'));
writeFileSync(join(directory, 'policy.yaml'), policy);
writeFileSync(join(directory, 'policy.test.yaml'), tests);
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe('a route whose channels have a tenant', () => {
  const usher = useUsher({ POLICY: directory });
  const sendRequest = (channel_name: string, headers: Readonly<Record<string, string>>) =>
    send(usher.public, {
      path: '/class/auth',
      headers,
      body: new URLSearchParams({ socket_id: socketId, channel_name, jwt: userToken() }),
    });

  it.each([
    ['private-class.1', { 'X-Tenant-ID': '1' }, 200],
    ['private-class.1', {}, 403],
    ['private-class.1', { 'X-Tenant-ID': '2' }, 403],
    ['private-class.2', { 'X-Tenant-ID': '2' }, 403],
  ])('%s, %j: %i', async (channel, headers, status) => {
    expect((await sendRequest(channel, headers)).status).toBe(status);
  });

  it('does not use a parameter of its path as the tenant, whatever its name', async () => {
    const response = await send(usher.public, {
      path: '/desk/7/auth',
      headers: { 'X-Tenant-ID': '1' },
      body: new URLSearchParams({
        socket_id: socketId,
        channel_name: 'private-desk.7',
        jwt: userToken(),
      }),
    });
    expect(response.status).toBe(200);
  });

  it('lists X-Tenant-ID in OpenAPI, and a route without tenants does not', async () => {
    const { body } = await send(usher.operator, { method: 'GET', path: '/docs' });
    const { paths } = body as { readonly paths: Readonly<Record<string, unknown>> };
    expect(JSON.stringify(paths['/class/auth'])).toContain('parameters/X-Tenant-ID');
    expect(JSON.stringify(paths['/open/{hotel}/auth'])).not.toContain('parameters/X-Tenant-ID');
  });

  it('ignores the header if no principal has a tenant', async () => {
    const response = await send(usher.public, {
      path: `/open/grand-hotel/auth?token=${guestToken()}`,
      headers: { 'X-Tenant-ID': '1' },
      body: new URLSearchParams({
        socket_id: socketId,
        channel_name: 'private-open.grand-hotel',
      }),
    });
    expect(response.status).toBe(200);
  });
});

it('tests of the policy apply the same rules for tenants', async () => {
  const { results } = await runPolicyTests(await loadPolicy([directory]), () => 0);
  expect(results.flatMap(({ problems }) => problems)).toEqual([]);
});

it('a route has the error bodies of the `answers` style of the current policy', async () => {
  const changing = mkdtempSync(join(tmpdir(), 'usher-answers-'));
  const write = (responses: string) => {
    writeFileSync(
      join(changing, 'policy.yaml'),
      policy.replace('/open/{hotel}/auth: {', `/open/{hotel}/auth: { ${responses}`),
    );
  };
  write('');
  const usher = await startUsher({ POLICY: changing });
  const methodNotAllowed = async () =>
    Object.keys(
      (await send(usher.public, { method: 'GET', path: '/open/grand-hotel/auth' })).body as object,
    );
  expect(await methodNotAllowed()).toEqual(['error', 'message', 'request_id']);
  write('answers: hotel, ');
  await fetch(`${usher.operator}/policy/reload`, { method: 'POST' });
  expect(await methodNotAllowed()).toEqual(['error', 'message']);
  await usher.stop();
  rmSync(changing, { recursive: true });
});
