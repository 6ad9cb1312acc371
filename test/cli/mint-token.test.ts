import { describe, expect, it } from 'vitest';
import { send, guestRequest, userRequest } from '../http/requests.ts';
import { runInProcess } from '../support/command-line.ts';
import { testEnvironment, useUsher } from '../support/usher.ts';

const mint = (...args: readonly string[]) => runInProcess(['mint-token', ...args], testEnvironment);
const guest = ['guest', '--hotel', 'grand-hotel', '--booking', 'BK-2025-ABC123'] as const;

describe('mint-token', () => {
  const usher = useUsher();

  it('prints a guest token that the hotel chat accepts', async () => {
    usher.clock.now = Date.now();
    const { code, stdout, stderr } = await mint(...guest);
    expect([code, stderr]).toStrictEqual([0, '']);
    const token = stdout.trim();
    expect((await send(usher.public, guestRequest({ fields: { token } }))).status).toBe(200);
  });

  it('prints a user token with roles that the general routes accept', async () => {
    usher.clock.now = Date.now();
    const roles = ['--role', 'user', '--role', 'admin'];
    const { code, stdout } = await mint('user', '--sub', '9', '--tenant', '1', ...roles);
    expect(code).toBe(0);
    const headers = { authorization: `Bearer ${stdout.trim()}` };
    const requestFor = (channel_name: string) =>
      send(usher.public, userRequest({ headers, fields: { channel_name } }));
    expect((await requestFor('private-tenant.1.admin')).status).toBe(200);
    expect((await requestFor('private-tenant.1.user.9')).status).toBe(200);
    expect((await requestFor('private-tenant.1.user.15')).status).toBe(403);
  });

  it('prints a token with the given lifetime', async () => {
    const { stdout } = await mint(...guest, '--expires-in', '60');
    const payload = Buffer.from(stdout.split('.')[1]!, 'base64url').toString();
    const { iat, exp } = JSON.parse(payload) as { iat: number; exp: number };
    expect(exp - iat).toBe(60);
  });

  it.each([
    [[], 'a command is missing'],
    [['guest'], '--hotel is missing'],
    [['guest', '--hotel', 'grand-hotel'], '--booking is missing'],
    [['guest', '--hotel', 'a', '--booking', 'b', '--role', 'admin'], "unknown option '--role'"],
    [['user'], "required option '--sub <id>' not specified"],
    [['user', '--sub', '1', '--hotel', 'a'], "unknown option '--hotel'"],
    [['guest', '--hotel', '', '--booking', 'b'], '--hotel is empty'],
    [['user', '--sub', ''], "option '--sub <id>' argument '' is invalid. It is empty."],
    [['user', '--sub', '1', '--tenant='], "option '--tenant <id>' argument '' is invalid"],
    [['user', '--sub', '1', '--role', ''], "option '--role <role>' argument '' is invalid"],
    [['user', '--sub', '1', '--expires-in', 'soon'], 'Give a whole number of seconds.'],
    [['user', '--sub', '1', '--expires-in', '-1'], 'Give a whole number of seconds.'],
    [['admin', '--sub', '1'], "unknown command 'admin'"],
  ])('reports the mistake in %j', async (args, message) => {
    const { code, stdout, stderr } = await mint(...args);
    expect([code, stdout]).toStrictEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('is not available in production', async () => {
    const env = { ...testEnvironment, NODE_ENV: 'production' };
    const { code, stdout, stderr } = await runInProcess(['mint-token', ...guest], env);
    expect([code, stdout, stderr]).toStrictEqual([
      1,
      '',
      'mint-token does not work with NODE_ENV=production\n',
    ]);
  });

  it('cannot sign for an issuer without its private key', async () => {
    const env = {
      ...testEnvironment,
      GUEST_TOKEN_SECRET: '',
      GUEST_TOKEN_JWKS_URL: 'https://login.example/keys',
    };
    const { code, stdout, stderr } = await runInProcess(['mint-token', ...guest], env);
    expect([code, stdout, stderr]).toStrictEqual([
      1,
      '',
      expect.stringContaining('mint-token requires a secret'),
    ]);
  });
});
