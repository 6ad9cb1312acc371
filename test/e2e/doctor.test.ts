import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { runChecks, type CheckOptions, type NamedResult } from '../../src/cli/doctor/run-checks.ts';
import { loadConfig } from '../../src/config/load.ts';
import { freePort } from '../support/free-port.ts';
import { runCommand } from '../support/program.ts';
import { startProxy, type Meddling } from './support/proxy.ts';
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

/** What the doctor finds with these settings in place of the right ones, looking at the right Usher unless told otherwise. */
async function findings(
  over: Readonly<Record<string, string>> = {},
  wanted: Partial<CheckOptions> = {},
  now: () => number = Date.now,
): Promise<readonly NamedResult[]> {
  const config = loadConfig({ ...env, ...over });
  return runChecks(config, { usherUrl: usher.publicUrl, ...wanted }, { fetch, now });
}

/** What is wrong, by name, each with what it says. */
const illIn = (examined: readonly NamedResult[]) =>
  Object.fromEntries(
    examined.flatMap(({ name, result }) =>
      result.status === 'ill' ? [[name, `${result.problem} ${result.remedy}`]] : [],
    ),
  );

/** Stands a meddling proxy before Usher for one test, and gives its address. */
async function behind(meddling: Meddling): Promise<string> {
  const proxy = await startProxy(usher.publicUrl, meddling);
  onTestFinished(proxy.stop);
  return proxy.url;
}

const server = 'the Pusher server lets a WebSocket in';
const secret = 'the secret is that of the key';
const dialect = 'PUSHER_SERVER is the server that is there';
const restApi = 'the HTTP API of the Pusher server takes our questions';
const reached = 'Usher answers at its public address';
const slash = 'a trailing slash makes no difference';
const preflight = 'a page of that origin may ask';
const readable = 'that page may read a refusal';
const signature = 'the Pusher server takes that signature';

describe('a healthy installation', () => {
  it('has nothing wrong, and everything was looked at', async () => {
    const examined = await findings();
    expect(examined.filter(({ result }) => result.status !== 'well')).toEqual([]);
    expect(examined.length).toBeGreaterThan(10);
  });

  it('has nothing wrong behind a proxy that passes everything on', async () => {
    expect(illIn(await findings({}, { usherUrl: await behind({}) }))).toEqual({});
  });

  it('is told by the program, with the exit code', async () => {
    const well = await runCommand(['doctor', '--url', `${usher.publicUrl}/`], { env });
    expect([well.code, well.stderr]).toEqual([0, '']);
    expect(well.stdout).toMatch(/^✓ the Pusher server lets a WebSocket in\n/);
    const wrong = { ...env, PUSHER_SECRET: 'not-the-secret-of-this-app' };
    const ill = await runCommand(['doctor', '--url', usher.publicUrl], { env: wrong });
    expect(ill.code).toBe(1);
    expect(ill.stdout).toContain(`✗ ${secret}\n`);
    expect(ill.stdout + ill.stderr).not.toMatch(/not-the-secret|eyJ/);
    const wrongly = await runCommand(['doctor', '--channel', 'private-x'], { env });
    expect([wrongly.code, wrongly.stdout]).toEqual([2, '']);
  });
});

describe('the settings of the Pusher app', () => {
  it('a wrong key', async () => {
    const ill = illIn(await findings({ PUSHER_KEY: 'no-such-key' }));
    expect(ill[server]).toMatch(/4001.*PUSHER_KEY/);
  });

  it('a wrong secret', async () => {
    const ill = illIn(await findings({ PUSHER_SECRET: 'not-the-secret-of-this-app' }));
    expect(Object.keys(ill)).toEqual([secret, restApi]);
    expect(ill[secret]).toContain('Set PUSHER_SECRET');
  });

  it('a wrong id', async () => {
    const ill = illIn(await findings({ PUSHER_APP_ID: '1' }));
    expect(Object.keys(ill)).toEqual([restApi]);
    expect(ill[restApi]).toContain('Set PUSHER_APP_ID');
  });

  it('a wrong PUSHER_SERVER, at an Usher that was started with it', async () => {
    const over = { PUSHER_SERVER: 'pusher' };
    const other = await startUsher({ ...env, ...over });
    onTestFinished(() => other.stop());
    const ill = illIn(await findings(over, { usherUrl: other.publicUrl }));
    expect(Object.keys(ill)).toEqual([dialect, signature]);
    expect(ill[dialect]).toContain('PUSHER_SERVER=soketi');
  });

  it('a closed port', async () => {
    const ill = illIn(await findings({ PUSHER_PORT: String(await freePort()) }));
    expect(Object.keys(ill)).toEqual([server, restApi]);
    expect(ill[server]).toMatch(/nothing listens.*PUSHER_PORT/);
  });

  it('TLS on a port that does not speak it', async () => {
    const tls = createTcpServer((socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    onTestFinished(() => void tls.close());
    const { port } = tls.address() as AddressInfo;
    for (const PUSHER_PORT of [String(port), String(soketi.port)]) {
      const ill = illIn(await findings({ PUSHER_TLS: 'true', PUSHER_PORT }));
      expect(ill[server]).toContain('PUSHER_TLS=false');
    }
  });

  it('user authentication that is off', async () => {
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
    const ill = illIn(await findings(over, { usherUrl: other.publicUrl }));
    expect(Object.keys(ill)).toEqual(['a user is signed in']);
    expect(ill['a user is signed in']).toContain('Switch user authentication on');
  });

  it('an Usher that runs with other settings', async () => {
    const other = await startUsher({ ...env, PUSHER_KEY: 'another-key' });
    onTestFinished(() => other.stop());
    const ill = illIn(await findings({}, { usherUrl: other.publicUrl }));
    expect(ill[signature]).toContain('another PUSHER_KEY');
  });
});

describe('what stands before Usher', () => {
  it('nothing', async () => {
    const ill = illIn(await findings({}, { usherUrl: `http://127.0.0.1:${await freePort()}` }));
    expect(ill[reached]).toMatch(/nothing listens.*--url/);
  });

  it('a proxy that redirects to https', async () => {
    const usherUrl = await behind({
      instead: ({ url = '' }, answer) => {
        answer.writeHead(301, { location: `https://usher.example${url}?token=hidden` }).end();
        return true;
      },
    });
    const ill = illIn(await findings({}, { usherUrl }));
    expect(ill[reached]).toMatch(/redirected \(301\).*ask the https address itself/);
    expect(JSON.stringify(ill)).not.toContain('hidden');
  });

  it('a proxy that redirects away from a trailing slash', async () => {
    const usherUrl = await behind({
      instead: ({ url = '' }, answer) => {
        if (!url.endsWith('/')) return false;
        answer.writeHead(308, { location: url.slice(0, -1) }).end();
        return true;
      },
    });
    expect(Object.keys(illIn(await findings({}, { usherUrl })))).toEqual([slash]);
  });

  it('a proxy that strips CORS headers', async () => {
    const usherUrl = await behind({ strips: 'access-control-' });
    const ill = illIn(await findings({}, { usherUrl }));
    expect(Object.keys(ill)).toEqual([preflight, readable]);
    expect(ill[readable]).toContain('the proxy must');
  });

  it('a proxy that answers with a page of HTML', async () => {
    const usherUrl = await behind({
      instead: (_asked, answer) => {
        answer.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>');
        return true;
      },
    });
    expect(illIn(await findings({}, { usherUrl }))[reached]).toContain('HTML');
  });

  it('a proxy whose Usher is not there', async () => {
    const proxy = await startProxy(`http://127.0.0.1:${await freePort()}`, {});
    onTestFinished(proxy.stop);
    const ill = illIn(await findings({}, { usherUrl: proxy.url }));
    expect(ill[reached]).toMatch(/502.*HOST and PORT/);
  });

  it('an origin that is not allowed', async () => {
    const ill = illIn(await findings({}, { origin: 'https://other.example' }));
    expect(Object.keys(ill)).toEqual([preflight, readable]);
    expect(ill[preflight]).toContain('ALLOWED_ORIGINS');
  });

  it('a credential that does not open the channel', async () => {
    const channel = 'private-tenant.1.user.16';
    const ill = illIn(await findings({}, { channel, token: 'eyJ.e30.x' }));
    expect(ill['the channel is granted']).toMatch(
      /401: The credential is not valid.*usher explain/,
    );
  });
});

describe('the clock', () => {
  it.each([
    ['ahead', hour],
    ['behind', -hour],
  ])('is an hour %s', async (word, off) => {
    const ill = illIn(await findings({}, {}, () => Date.now() + off));
    expect(ill['the clocks agree']).toMatch(new RegExp(`\\b3[56][0-9]{2} s ${word}`));
  });
});
