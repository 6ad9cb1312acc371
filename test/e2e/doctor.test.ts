import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runChecks, type CheckOptions, type NamedResult } from '../../src/cli/doctor/run-checks.ts';
import { loadConfig } from '../../src/config/load.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/program.ts';
import { startProxy, type ProxyFaults } from './support/proxy.ts';
import { pointedAt, startSoketi, type Soketi } from './support/soketi.ts';
import { startUsher, type Usher } from './support/usher.ts';

const pageOrigin = 'https://app.example';
const hour = 60 * 60 * 1000;

let soketi: Soketi;
let usher: Usher;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  soketi = await startSoketi({ userAuthentication: true });
  env = {
    NODE_ENV: 'development',
    ...pointedAt(soketi),
    ALLOWED_ORIGINS: pageOrigin,
    RATE_LIMIT_FAILURES: '10000',
  };
  usher = await startUsher(env);
});
afterAll(async () => {
  await usher.stop();
  await soketi.stop();
});

/** The failed checks of the doctor with these settings in place of correct ones. By default it checks a correct Usher. */
async function findings(
  over: Readonly<Record<string, string>> = {},
  wanted: Partial<CheckOptions> = {},
  now: () => number = Date.now,
): Promise<readonly NamedResult[]> {
  // The doctor compares its policy with that of the running Usher.
  const OPS_PORT = new URL(usher.operatorUrl).port;
  const config = loadConfig({ ...env, OPS_PORT, ...over });
  return runChecks(config, { usherUrl: usher.publicUrl, ...wanted }, { fetch, now });
}

/** Mistakes by name, each with the expected output. */
const failuresIn = (results: readonly NamedResult[]) =>
  Object.fromEntries(
    results.flatMap(({ name, result }) =>
      result.status === 'fail' ? [[name, `${result.problem} ${result.remedy}`]] : [],
    ),
  );

/** Starts a faulty proxy in front of Usher for one test, and returns its address. */
async function behind(faults: ProxyFaults): Promise<string> {
  const proxy = await startProxy(usher.publicUrl, faults);
  onTestFinished(proxy.stop);
  return proxy.url;
}

const server = 'the Pusher server accepts WebSocket connections';
const secret = 'the secret matches the key';
const dialect = 'PUSHER_SERVER matches the server';
const restApi = 'the HTTP API of the Pusher server accepts requests';
const reached = 'Usher responds at its public address';
const slash = 'a trailing slash makes no difference';
const preflight = 'CORS allows the origin';
const readable = 'refusals have CORS headers';
const signature = 'the Pusher server accepts the signature';

describe('a healthy installation', () => {
  it('passes every check, and skips none', async () => {
    const results = await findings();
    expect(results.filter(({ result }) => result.status !== 'pass')).toEqual([]);
    expect(results.length).toBeGreaterThan(10);
  });

  it('has no problem behind a proxy that forwards everything', async () => {
    expect(failuresIn(await findings({}, { usherUrl: await behind({}) }))).toEqual({});
  });

  it('is reported by the program, with its exit code', async () => {
    const passed = await runCommand(['doctor', '--url', `${usher.publicUrl}/`], { env });
    expect([passed.code, passed.stderr]).toEqual([0, '']);
    expect(passed.stdout).toMatch(/^✓ the Pusher server accepts WebSocket connections\n/);
    const wrong = { ...env, PUSHER_SECRET: 'not-the-secret-of-this-app' };
    const failures = await runCommand(['doctor', '--url', usher.publicUrl], { env: wrong });
    expect(failures.code).toBe(1);
    expect(failures.stdout).toContain(`✗ ${secret}\n`);
    expect(failures.stdout + failures.stderr).not.toMatch(/not-the-secret|eyJ/);
    const wrongly = await runCommand(['doctor', '--channel', 'private-x'], { env });
    expect([wrongly.code, wrongly.stdout]).toEqual([2, '']);
  });
});

describe('a problem of the Pusher app is reported:', () => {
  it('a wrong key', async () => {
    const failures = failuresIn(await findings({ PUSHER_KEY: 'no-such-key' }));
    expect(failures[server]).toMatch(/4001.*PUSHER_KEY/);
  });

  it('a wrong secret', async () => {
    const failures = failuresIn(await findings({ PUSHER_SECRET: 'not-the-secret-of-this-app' }));
    expect(Object.keys(failures)).toEqual([secret, restApi]);
    expect(failures[secret]).toContain('Set PUSHER_SECRET');
  });

  it('a wrong id', async () => {
    const failures = failuresIn(await findings({ PUSHER_APP_ID: '1' }));
    expect(Object.keys(failures)).toEqual([restApi]);
    expect(failures[restApi]).toContain('Set PUSHER_APP_ID');
  });

  it('a wrong PUSHER_SERVER, at an Usher that was started with it', async () => {
    const over = { PUSHER_SERVER: 'pusher' };
    const other = await startUsher({ ...env, ...over });
    onTestFinished(() => other.stop());
    const failures = failuresIn(await findings(over, { usherUrl: other.publicUrl }));
    expect(Object.keys(failures)).toEqual([dialect, signature]);
    expect(failures[dialect]).toContain('PUSHER_SERVER=soketi');
  });

  it('a closed port', async () => {
    const failures = failuresIn(await findings({ PUSHER_PORT: String(await freePort()) }));
    expect(Object.keys(failures)).toEqual([server, restApi]);
    expect(failures[server]).toMatch(/nothing listens.*PUSHER_PORT/);
  });

  it('TLS on a port that does not speak it', async () => {
    const tls = createTcpServer((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    onTestFinished(() => void tls.close());
    const { port } = tls.address() as AddressInfo;
    for (const PUSHER_PORT of [String(port), String(soketi.port)]) {
      const failures = failuresIn(await findings({ PUSHER_TLS: 'true', PUSHER_PORT }));
      expect(failures[server]).toContain('PUSHER_TLS=false');
    }
  });

  it('disabled user authentication', async () => {
    const without = await startSoketi({ userAuthentication: false });
    onTestFinished(without.stop);
    const over = {
      PUSHER_APP_ID: without.appId,
      PUSHER_KEY: without.key,
      PUSHER_SECRET: without.secret,
      PUSHER_PORT: String(without.port),
    };
    const other = await startUsher({ ...env, ...over });
    onTestFinished(() => other.stop());
    const failures = failuresIn(await findings(over, { usherUrl: other.publicUrl }));
    expect(Object.keys(failures)).toEqual(['a user is signed in']);
    expect(failures['a user is signed in']).toContain('Switch user authentication on');
  });

  it('an Usher with other settings', async () => {
    const other = await startUsher({ ...env, PUSHER_KEY: 'another-key' });
    onTestFinished(() => other.stop());
    const failures = failuresIn(await findings({}, { usherUrl: other.publicUrl }));
    expect(failures[signature]).toContain('another PUSHER_KEY');
  });
});

describe('a problem of the proxy in front of Usher is reported:', () => {
  it('no response', async () => {
    const failures = failuresIn(
      await findings({}, { usherUrl: `http://127.0.0.1:${await freePort()}` }),
    );
    expect(failures[reached]).toMatch(/nothing listens.*--url/);
  });

  it('a proxy that redirects to https', async () => {
    const usherUrl = await behind({
      instead: ({ url = '' }, response) => {
        response.writeHead(301, { location: `https://usher.example${url}?token=hidden` }).end();
        return true;
      },
    });
    const failures = failuresIn(await findings({}, { usherUrl }));
    expect(failures[reached]).toMatch(/redirected \(301\).*Use the https address/);
    expect(JSON.stringify(failures)).not.toContain('hidden');
  });

  it('a proxy that redirects paths with a trailing slash', async () => {
    const usherUrl = await behind({
      instead: ({ url = '' }, response) => {
        if (!url.endsWith('/')) return false;
        response.writeHead(308, { location: url.slice(0, -1) }).end();
        return true;
      },
    });
    expect(Object.keys(failuresIn(await findings({}, { usherUrl })))).toEqual([slash]);
  });

  it('a proxy that strips CORS headers', async () => {
    const usherUrl = await behind({ strips: 'access-control-' });
    const failures = failuresIn(await findings({}, { usherUrl }));
    expect(Object.keys(failures)).toEqual([preflight, readable]);
    expect(failures[readable]).toContain('the proxy must');
  });

  it('a proxy that responds with an HTML page', async () => {
    const usherUrl = await behind({
      instead: (_asked, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>');
        return true;
      },
    });
    expect(failuresIn(await findings({}, { usherUrl }))[reached]).toContain('HTML');
  });

  it('a proxy whose Usher is down', async () => {
    const proxy = await startProxy(`http://127.0.0.1:${await freePort()}`, {});
    onTestFinished(proxy.stop);
    const failures = failuresIn(await findings({}, { usherUrl: proxy.url }));
    expect(failures[reached]).toMatch(/502.*HOST and PORT/);
  });

  it('an origin that is not allowed', async () => {
    const failures = failuresIn(await findings({}, { origin: 'https://other.example' }));
    expect(Object.keys(failures)).toEqual([preflight, readable]);
    expect(failures[preflight]).toContain('ALLOWED_ORIGINS');
  });

  it('a credential that does not grant the channel', async () => {
    const channel = 'private-tenant.1.user.16';
    const failures = failuresIn(await findings({}, { channel, token: 'eyJ.e30.x' }));
    expect(failures['the channel is granted']).toMatch(
      /401: The credential is not valid.*usher explain/,
    );
  });
});

describe('a wrong clock is reported:', () => {
  it.each([
    ['ahead', hour],
    ['behind', -hour],
  ])('an hour %s', async (word, off) => {
    const failures = failuresIn(await findings({}, {}, () => Date.now() + off));
    expect(failures['the clocks are in sync']).toMatch(new RegExp(`\\b3[56][0-9]{2} s ${word}`));
  });
});
