import { describe, expect, it, onTestFinished } from 'vitest';
import { startProxy } from '../../e2e/support/proxy.ts';
import { runInProcess } from '../../support/command-line.ts';
import { testEnvironment, userToken, useUsher } from '../../support/usher.ts';

describe('usher doctor', () => {
  const usher = useUsher();
  const channel = 'private-tenant.1.user.15';
  // No Pusher server is running: the result does not depend on it.
  const server = { PUSHER_HOST: '127.0.0.1', PUSHER_PORT: '1', PUSHER_TLS: 'false' };
  const withCredentials = 'CORS allows credentials (withCredentials: true)';
  const doctor = (args: readonly string[], input?: string) =>
    runInProcess(
      ['doctor', '--url', usher.public, ...args],
      { ...testEnvironment, ...server },
      input,
    );

  it('sends a token from standard input, and does not print it', async () => {
    const token = userToken();
    const { stdout, stderr } = await doctor(['--channel', channel, '--token-stdin'], `${token}\n`);
    expect(stdout).toContain('✓ the channel is granted\n');
    expect(stdout + stderr).not.toContain(token.split('.')[1]);
    const another = userToken({ sub: '16' });
    const refused = await doctor(['--channel', channel, '--token-stdin'], another);
    expect(refused.stdout).toContain('✗ the channel is granted\n');
  });

  it('sends its requests to the authEndpoint of the page, if --url is one', async () => {
    const paths = new Set<string>();
    const proxy = await startProxy(usher.public, {
      // The application beside Usher keeps the other paths.
      instead: ({ url = '' }, response) => {
        paths.add(url);
        if (url.startsWith('/pusher/')) return false;
        response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>');
        return true;
      },
    });
    onTestFinished(proxy.stop);
    const checkAt = (url: string) =>
      runInProcess(
        ['doctor', '--url', url, '--channel', channel, '--token-stdin'],
        { ...testEnvironment, ...server },
        userToken(),
      );
    const { stdout } = await checkAt(`${proxy.url}/pusher/auth`);
    expect(stdout).toContain('✓ Usher responds at its public address\n');
    expect(stdout).toContain('✓ the channel is granted\n');
    expect([...paths]).toEqual(['/pusher/auth', '/pusher/auth/', '/pusher/user-auth']);
    expect((await checkAt(proxy.url)).stdout).toContain(
      'If it passes only one of them, give --url with that authEndpoint.',
    );
  });

  it('reports whether CORS allows credentials, even if a bearer token is given', async () => {
    const named = await doctor(['--origin', 'https://app.example']);
    expect(named.stdout).toContain(`✓ ${withCredentials}\n`);
    const proxy = await startProxy(usher.public, { strips: 'access-control-allow-credentials' });
    onTestFinished(proxy.stop);
    const stripped = await runInProcess(['doctor', '--url', proxy.url], {
      ...testEnvironment,
      ...server,
    });
    expect(stripped.stdout).toContain(`✗ ${withCredentials}\n`);
  });

  it.each([
    [['--channel', channel], undefined, 'error: --channel requires a token'],
    [['--token-stdin'], 'token', 'error: --channel requires a token'],
    [['--channel', channel, '--token-stdin'], '\n', 'error: there is no token on standard input'],
    [['--channel', channel, '--token-stdin', '--token', 'x'], 'y', 'error: give one of'],
    [['--channel', channel, '--token-stdin=x'], 'y', "error: unknown option '--token-stdin=…'"],
    [['--url', 'usher.example'], undefined, 'error: --url must begin with http'],
    [['--url', 'http://'], undefined, 'error: --url must begin with http'],
  ])('reports the wrong arguments %j and %j', async (args, input, message) => {
    const { code, stdout, stderr } = await doctor(args, input);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(message)).toBe(true);
  });
});

describe('usher doctor, if origins are allowed by a wildcard', () => {
  const ALLOWED_ORIGINS = 'https://*.tenants.example';
  const usher = useUsher({ ALLOWED_ORIGINS });

  it('sends the requests of a page of one such origin, and reports that CORS allows no credentials', async () => {
    const environment = { ...testEnvironment, ALLOWED_ORIGINS, PUSHER_HOST: '127.0.0.1' };
    const { stdout } = await runInProcess(['doctor', '--url', usher.public], environment);
    expect(stdout).toContain('✓ CORS allows the origin\n');
    expect(stdout).toMatch(/– CORS allows credentials.*: ALLOWED_ORIGINS does not name/);
  });
});
