import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Environment } from '../../src/config/read.ts';
import { openSocket } from '../http/raw-socket.ts';
import { send, guestRequest, userRequest, signInRequest } from '../http/requests.ts';
import { createTestDatabase, withClient } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { logLines, runCommand, startProgram } from '../support/program.ts';
import type { Program } from '../support/program.ts';
import { guestClaims, hmacToken, userClaims } from '../support/tokens.ts';
import type { JsonObject } from '../support/tokens.ts';
import { guestSecret, testEnvironment } from '../support/usher.ts';

/** Claims that are valid now, because the program has its own clock. */
const fresh = (): JsonObject => {
  const iat = Math.floor(Date.now() / 1000);
  return { iat, exp: iat + 600 };
};
const userToken = () => hmacToken(userClaims(fresh()));
const guestToken = () => hmacToken(guestClaims(fresh()), {}, guestSecret);

/** Whether another session is connected to this database. */
const hasSession = ({ url }: TestDatabase): Promise<boolean> =>
  withClient(url, async (client) => {
    const { rowCount } = await client.query(
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
    return rowCount !== 0;
  });

describe('usher serve', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  const environment = (changes: Environment = {}): Environment => ({
    ...testEnvironment,
    NODE_ENV: 'production',
    LOG_LEVEL: 'debug',
    DATABASE_URL: database.url.reveal(),
    ...changes,
  });
  const start = async (
    source: 'src/main.ts' | 'src/cli/main.ts',
    args: readonly string[] = [],
    { inTerminal = false } = {},
  ) => {
    const program = await startProgram(source, { args, env: environment(), inTerminal });
    onTestFinished(() => {
      program.signal('SIGKILL');
    });
    await program.until('"listening"');
    return program;
  };
  const addresses = (program: Program) => {
    const line = logLines(program.stdout()).find(({ msg }) => msg === 'listening');
    return line as { readonly public: string; readonly operator: string };
  };

  it('warns when many users come from one address that is probably a proxy', async () => {
    const program = await start('src/main.ts');
    for (let i = 0; i < 10; i += 1) {
      const token = hmacToken(userClaims({ ...fresh(), sub: String(i) }));
      await send(
        addresses(program).public,
        userRequest({ headers: { authorization: `Bearer ${token}` } }),
      );
    }
    await program.until('many users come from one private address');
    const [line] = logLines(program.stdout()).filter(({ setting }) => setting !== undefined);
    expect(line).toMatchObject({
      address: '127.0.0.1',
      principals: 10,
      setting: 'TRUSTED_PROXIES',
    });
    program.signal('SIGTERM');
    await program.ended;
  });

  it('listens, authorizes, and exits with 0 after SIGTERM and after SIGINT', async () => {
    for (const [source, args, signal] of [
      ['src/main.ts', [], 'SIGTERM'],
      ['src/cli/main.ts', ['serve'], 'SIGINT'],
    ] as const) {
      const program = await start(source, args);
      const headers = { authorization: `Bearer ${userToken()}` };
      const response = await send(addresses(program).public, userRequest({ headers }));
      expect(response.status).toBe(200);
      program.signal(signal);
      expect([await program.ended, program.stderr()]).toStrictEqual([0, '']);
      const messages = logLines(program.stdout()).map(({ msg }) => msg);
      expect(messages).toContain('closing');
      expect(messages.at(-1)).toBe('closed');
    }
  });

  it('closes its resources if a signal arrives before it listens', async () => {
    const program = await startProgram('src/main.ts', { env: environment({ NODE_ENV: 'test' }) });
    onTestFinished(() => {
      program.signal('SIGKILL');
    });
    // It prints nothing before it listens. Once it has a session at the database, the start is in progress.
    await vi.waitUntil(() => hasSession(database), { timeout: 50_000, interval: 1 });
    program.signal('SIGTERM');
    expect([await program.ended, program.stderr()]).toStrictEqual([0, '']);
    expect(logLines(program.stdout()).at(-1)?.['msg']).toBe('closed');
  });

  it('completes an open request before it exits', async () => {
    const program = await start('src/main.ts');
    const socket = await openSocket(addresses(program).public);
    const body = 'socket_id=1234.5678&channel_name=private-tenant.1.user.15';
    socket.write(
      `POST /broadcasting/auth HTTP/1.1\r\nHost: usher\r\nX-Tenant-ID: 1\r\nExpect: 100-continue\r\n` +
        `Authorization: Bearer ${userToken()}\r\nContent-Length: ${String(body.length)}\r\n` +
        'Content-Type: application/x-www-form-urlencoded\r\n\r\n',
    );
    // The interim response proves that the request has started.
    await socket.until('100 Continue');
    program.signal('SIGTERM');
    await program.until('"closing"');
    socket.write(body);
    await socket.closed;
    expect(socket.received()).toMatch(/HTTP\/1\.1 200 OK[^]*"auth":"test-key:[0-9a-f]{64}"/);
    expect(await program.ended).toBe(0);
  });

  it('logs every decision, and no token, query or body', async () => {
    const program = await start('src/main.ts');
    const at = addresses(program).public;
    const tokens = [userToken(), guestToken(), `${guestToken()}x`];
    const ids: (string | null)[] = [];
    for (const token of tokens) {
      const headers = { authorization: `Bearer ${token}`, cookie: `sessionid=${token}` };
      const query = `?token=${token}`;
      const path = `/api/guest/hotel/grand-hotel/chat/pusher/auth${query}`;
      for (const request of [
        userRequest({
          headers,
          path: `/broadcasting/auth${query}`,
          fields: { note: 'body-secret' },
        }),
        signInRequest({ headers }),
        guestRequest({ headers, path, fields: { token } }),
        userRequest({ headers, path: `/nowhere/${token}${query}` }),
        userRequest({ headers, path: `/%zz${query}` }),
        guestRequest({ path, fields: { token: 'another', note: 'body-secret' } }),
      ]) {
        ids.push((await send(at, request)).headers.get('x-decision-id'));
      }
    }
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    const log = program.stdout() + program.stderr();
    for (const token of tokens) {
      for (const part of token.split('.')) expect(log).not.toContain(part);
    }
    expect(log).not.toMatch(/\?token|body-secret|usher-tests|test-pusher-secret/);
    const decisions = ids.filter((id) => id !== null);
    expect(decisions.length).toBeGreaterThan(0);
    for (const id of decisions) expect(log).toContain(id);
  });

  it('reports the problems of its configuration in one message, and exits with 1', async () => {
    const env = environment({ PUSHER_SECRET: '', OPS_HOST: '0.0.0.0' });
    const { code, stdout, stderr } = await runCommand(['serve'], { env });
    expect([code, stdout]).toStrictEqual([1, '']);
    expect(stderr).toBe(
      'The configuration has problems:\n' +
        '  - OPS_TOKEN must be set when OPS_HOST is not a loopback address\n' +
        '  - PUSHER_SECRET is not set\n',
    );
  });

  it.each(['PORT', 'OPS_PORT'])('exits with 1 if %s is taken', async (name) => {
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const env = environment({ [name]: String(port) });
    const { code, stderr } = await runCommand(['serve'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${String(port)} is taken`);
  });

  it.each(['HOST', 'OPS_HOST'])('exits with 1 and a message if %s has no address', async (name) => {
    const env = environment({ [name]: 'nohost.invalid', OPS_TOKEN: 'operator-token-of-tests' });
    const { code, stderr } = await runCommand(['serve'], { env });
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Usher cannot start: ${name} nohost.invalid has no address; set an address of this machine, such as 0.0.0.0.\n`,
    );
  });

  it('exits with 1 and a message if PORT and OPS_PORT are the same', async () => {
    const env = environment({ PORT: '4000', OPS_PORT: '4000' });
    const { code, stderr } = await runCommand(['serve'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('PORT and OPS_PORT are the same');
  });

  it.skipIf(process.getuid?.() === 0)(
    'reports that a port below 1024 needs privileges',
    async () => {
      const { code, stderr } = await runCommand(['serve'], { env: environment({ PORT: '80' }) });
      expect([code, stderr]).toStrictEqual([1, expect.stringContaining('set PORT to 1024')]);
    },
  );

  it('ignores a second simultaneous Ctrl-C, which npm forwards', async () => {
    const program = await start('src/cli/main.ts', ['serve']);
    program.signal('SIGINT');
    program.signal('SIGINT');
    expect(await program.ended).toBe(0);
    expect(logLines(program.stdout()).at(-1)?.['msg']).toBe('closed');
  });

  it('continues after SIGHUP outside a terminal, and reloads the policy', async () => {
    const program = await start('src/main.ts');
    program.signal('SIGHUP');
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    const messages = logLines(program.stdout()).map(({ cause, msg }) => [cause, msg]);
    expect(messages.slice(-2)).toEqual([
      ['SIGTERM', 'closing'],
      [undefined, 'closed'],
    ]);
  });

  it('stops its servers when its terminal is closed', async () => {
    const program = await start('src/main.ts', [], { inTerminal: true });
    program.signal('SIGHUP');
    expect(await program.ended).toBe(0);
    expect(logLines(program.stdout()).at(-1)?.['msg']).toBe('closed');
  });

  it('does not start with the arguments of a command, which it does not repeat', async () => {
    const args = ['check-config', '--token-stdin=eyJhidden'];
    const program = await startProgram('src/main.ts', { args, env: environment() });
    onTestFinished(() => {
      program.signal('SIGKILL');
    });
    expect(await program.ended).toBe(2);
    expect(program.stderr()).toMatch(
      /^error: main\.js .* node dist\/cli\/main\.js check-config\n$/,
    );
    expect(program.stdout()).toBe('');
  });

  it('exits with 3 if the database is unreachable, and does not print its address', async () => {
    const env = environment({ DATABASE_URL: 'postgres://usher:hidden-word@127.0.0.1:1/usher' });
    const { code, stderr } = await runCommand(['serve'], { env });
    expect(code).toBe(3);
    expect(stderr).toMatch(/database is unavailable/);
    expect(stderr).not.toMatch(/hidden-word|postgres:\/\//);
  });
});
