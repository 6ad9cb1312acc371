import { describe, expect, it } from 'vitest';
import { send, userRequest } from '../http/requests.ts';
import { openClient, tryClient } from '../support/web-socket.ts';
import { useUsher } from '../support/usher.ts';
import { receive, raw } from './attacker.ts';

const fact = '/resources/tenants/1/escrows/42';
const form = 'Content-Type: application/x-www-form-urlencoded';

describe('the operator’s port, requested by a page in the operator’s browser', () => {
  const usher = useUsher();
  const host = () => new URL(usher.operator).host;
  const revokes = (lines: readonly string[]) =>
    receive(usher.operator, raw('POST /revocations', [form, ...lines], 'user_id=15'));
  const enters = async () => (await send(usher.public, userRequest())).status;

  it.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'null',
    'http://localhost',
    'http://127.0.0.1:1',
    'https://127.0.0.1',
    '',
  ])('refuses a form from the origin %j, which requires no preflight', async (origin) => {
    const response = await revokes([`Host: ${host()}`, `Origin: ${origin}`]);
    expect(response.status).toBe(403);
    expect(await enters()).toBe(200);
  });

  it('refuses a name that was rebound to loopback', async () => {
    const { port } = new URL(usher.operator);
    for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.example']) {
      const lines = [`Host: ${name}:${port}`, `Origin: http://${name}:${port}`];
      expect((await revokes(lines)).status).toBe(403);
    }
    expect(await enters()).toBe(200);
  });

  it.each([
    ['two Host headers', ['Host: localhost', 'Host: evil.example']],
    ['no Host header', []],
    ['a host in X-Forwarded-Host', ['Host: evil.example', 'X-Forwarded-Host: localhost']],
    ['a host with user info', ['Host: localhost@evil.example']],
    ['a host with a path', ['Host: localhost/evil.example']],
    ['a host that is a decimal number', ['Host: 2130706433']],
    ['an IPv4-mapped IPv6 address', ['Host: [::ffff:127.0.0.1]']],
    ['the address 0.0.0.0', ['Host: 0.0.0.0']],
  ])('refuses %s', async (_case, lines) => {
    expect([400, 403]).toContain((await revokes(lines)).status);
    expect(await enters()).toBe(200);
  });

  it('does not accept the host of an absolute-form target', async () => {
    const target = `POST http://localhost/revocations`;
    const response = await receive(
      usher.operator,
      raw(target, ['Host: evil.example', form], 'user_id=15'),
    );
    expect([400, 403, 404]).toContain(response.status);
    expect(await enters()).toBe(200);
  });

  it('accepts its own page, and a program', async () => {
    const tenant = 'tenant_id=nobody';
    for (const lines of [[`Host: ${host()}`, `Origin: http://${host()}`], [`Host: ${host()}`]]) {
      const request = raw('POST /revocations', [form, ...lines], tenant);
      expect((await receive(usher.operator, request)).status).toBe(200);
    }
  });

  it('accepts no WebSocket, and allows no PUT by preflight', async () => {
    await expect(openClient(usher.operator, '/ws')).rejects.toThrow('Refused with 404');
    const lines = [`Host: ${host()}`, 'Origin: https://evil.example'];
    const preflight = [...lines, 'Access-Control-Request-Method: PUT'];
    const response = await receive(usher.operator, raw(`OPTIONS ${fact}`, preflight));
    expect(response.status).not.toBe(204);
    expect(response.head).not.toContain('access-control-allow');
  });
});

describe('the operator’s port with a token', () => {
  const token = 'operators-token-of-tests';
  const usher = useUsher({ OPS_TOKEN: token });
  const reads = (lines: readonly string[], start = `GET ${fact}`) =>
    receive(usher.operator, raw(start, ['Host: localhost', ...lines]));

  it.each([
    ...Array.from({ length: token.length }, (_, i) => `Bearer ${token.slice(0, i)}`),
    `Bearer ${token}\u00a0`,
    `Bearer  ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token} x`,
    `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
    token,
    'Bearer undefined',
    'Bearer [object Object]',
  ])('refuses %j', async (authorization) => {
    const response = await reads([`Authorization: ${authorization}`]);
    expect([response.status, response.text]).not.toContain(token);
    expect(response.status).toBe(401);
  });

  it('requires the token for every method and every spelling of a path, before it reads a body', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
      for (const path of [
        fact,
        `${fact}/`,
        '/metrics',
        '/revocations',
        '/nowhere',
        '//livez',
        '/livez/x',
      ]) {
        expect([method, path, (await reads([], `${method} ${path}`)).status]).toEqual([
          method,
          path,
          401,
        ]);
      }
    }
    // The body never comes.
    expect((await reads(['Content-Length: 100'], 'POST /revocations')).status).toBe(401);
  });

  it('reads the token from one header, not from the query or a cookie', async () => {
    expect((await reads([`Authorization: Bearer ${token}`])).status).toBe(200);
    const twice = [`Authorization: Bearer x`, `Authorization: Bearer ${token}`];
    expect((await reads(twice)).status).toBe(401);
    expect((await reads([`Cookie: token=${token}`], `GET ${fact}?token=${token}`)).status).toBe(
      401,
    );
  });

  it('accepts no WebSocket', async () => {
    expect(await tryClient(usher.operator, '/ws')).toMatchObject({ status: 401 });
  });
});
