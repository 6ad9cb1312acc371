import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { freePort } from '../../support/free-port.ts';
import { freeze } from '../../support/freeze.ts';
import { reportSkipped } from '../../support/skipped.ts';
import { isPostgresReachable, postgres, withPostgres } from './postgres.ts';

const index = fileURLToPath(new URL('../laravel-site/index.php', import.meta.url));

/** The version of Debian's Laravel, or `undefined` if it is not there, which is reported. */
export async function findLaravel(): Promise<string | undefined> {
  const program =
    'require "Illuminate/autoload.php"; extension_loaded("pdo_pgsql") or exit(1); echo Illuminate\\Foundation\\Application::VERSION;';
  const found = await promisify(execFile)('php', ['-r', program]).catch(() => undefined);
  const version = found?.stdout.trim();
  if (version === undefined || !(await isPostgresReachable())) {
    reportSkipped(
      'laravel',
      'a real Laravel, for want of php with php-laravel-framework and php-pgsql, or of PostgreSQL at TEST_DATABASE_URL',
    );
    return undefined;
  }
  return version;
}

/** A running Laravel site with its own database. */
export interface LaravelSite {
  readonly url: string;
  readonly appKey: string;
  /** The site's database, as its owner. */
  readonly databaseUrl: string;
  /** The site's database, as a role that may read what Usher needs and no more. */
  readonly readerUrl: string;
  /** Adds a user and returns the id. The password is `secret of <name>`. */
  readonly addUser: (name: string) => Promise<string>;
  /** Logs in and returns the cookie, such as `site_session=…`. */
  readonly login: (name: string) => Promise<string>;
  /** Loads a page and returns the renewed cookie, and the id of the user. */
  readonly visit: (cookie: string) => Promise<{ readonly cookie: string; readonly id: unknown }>;
  readonly logout: (cookie: string) => Promise<void>;
  readonly changePassword: (name: string) => Promise<void>;
  /** Logs in with “remember me”, and returns both cookies. */
  readonly loginRemembered: (name: string) => Promise<string>;
  /** Loads a page that flashes a message, and returns the renewed cookie. */
  readonly save: (cookie: string) => Promise<string>;
  /** The flashed message and the previous URL, as the next page reads them. */
  readonly status: (cookie: string) => Promise<unknown>;
  /** Stops its process (SIGSTOP), and resolves to a function that continues it. */
  readonly freeze: () => Promise<() => void>;
  readonly stop: () => Promise<void>;
}

/** Starts the site with this cipher. Throws, with its output, if it does not listen within a minute. */
export async function startLaravel(
  cipher: string,
  encrypt: boolean,
  env: Readonly<Record<string, string>> = {},
): Promise<LaravelSite> {
  const name = `usher_e2e_laravel_${randomBytes(4).toString('hex')}`;
  const appKey = `base64:${randomBytes(cipher.includes('256') ? 32 : 16).toString('base64')}`;
  const directory = await mkdtemp(join(tmpdir(), 'usher-laravel-'));
  await mkdir(join(directory, 'bootstrap', 'cache'), { recursive: true });
  await withPostgres(postgres, `CREATE DATABASE ${name}`);
  const port = await freePort();
  const { hostname, port: databasePort, username, password } = new URL(postgres);
  const database = { host: hostname, port: databasePort, database: name };
  const login = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  const site = serve(port, {
    SITE_DIRECTORY: directory,
    APP_KEY: appKey,
    APP_CIPHER: cipher,
    SESSION_ENCRYPT: String(encrypt),
    DATABASE: JSON.stringify({ ...database, ...login, charset: 'utf8' }),
    ...env,
  });
  const stop = async () => {
    await site.stop();
    await withPostgres(postgres, `DROP DATABASE ${name} WITH (FORCE)`);
    await withPostgres(postgres, `DROP ROLE IF EXISTS ${name}`);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const url = `http://127.0.0.1:${port}`;
    const actions = actionsOn(url);
    await actions.makeTables(site.output);
    const databaseUrl = Object.assign(new URL(postgres), { pathname: `/${name}` }).href;
    return {
      url,
      appKey,
      databaseUrl,
      readerUrl: await addReader(name),
      ...actions,
      ...site,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function actionsOn(url: string) {
  const request = async (line: `${'GET' | 'POST'} ${string}`, fields = {}, cookie = '') => {
    const [method = '', path = ''] = line.split(' ');
    const body = method === 'POST' ? { body: new URLSearchParams(fields) } : {};
    const headers = { cookie, 'user-agent': 'Browser/1.0' };
    const init = { method, headers, signal: AbortSignal.timeout(15_000), ...body };
    const response = await fetch(`${url}/${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`Laravel: ${path} answered ${response.status}: ${text}`);
    const cookies = response.headers.getSetCookie().map((each) => each.split(';')[0] ?? '');
    const session = cookies.find((each) => each.startsWith('site_')) ?? '';
    return { text, cookie: session, cookies };
  };
  return {
    makeTables: async (output: () => string) => {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await request('POST tables');
          return;
        } catch (error) {
          if (attempt > 300)
            throw new Error(`Laravel did not answer:\n${output()}`, { cause: error });
          await sleep(200);
        }
      }
    },
    addUser: async (name: string) => {
      const { text } = await request('POST users', { name, password: `secret of ${name}` });
      return String((JSON.parse(text) as { readonly id: number }).id);
    },
    login: async (name: string) => {
      const { cookie, text } = await request('POST login', { name, password: `secret of ${name}` });
      if (!text.includes('true')) throw new Error('Laravel: the login failed');
      return cookie;
    },
    loginRemembered: async (name: string) => {
      const password = `secret of ${name}`;
      const { cookies } = await request('POST login', { name, password, remember: '1' });
      return cookies.filter((each) => /^(site_session|remember_web_)/.test(each)).join('; ');
    },
    save: async (cookie: string) => (await request('GET save', {}, cookie)).cookie,
    status: async (cookie: string) =>
      JSON.parse((await request('GET status', {}, cookie)).text) as unknown,
    visit: async (sentCookie: string) => {
      const { text, cookie } = await request('GET me', {}, sentCookie);
      return { cookie, id: (JSON.parse(text) as { readonly id: unknown }).id };
    },
    logout: async (cookie: string) => {
      await request('POST logout', {}, cookie);
    },
    changePassword: async (name: string) => {
      await request('POST passwords', { name, password: randomBytes(16).toString('hex') });
    },
  };
}

/** The role of the documentation. */
async function addReader(name: string): Promise<string> {
  const password = randomBytes(16).toString('hex');
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  await withPostgres(
    url.href,
    `CREATE ROLE ${name} LOGIN PASSWORD '${password}';
     GRANT SELECT (id, payload, last_activity) ON sessions TO ${name};
     GRANT SELECT (id, password, deleted_at) ON users TO ${name}`,
  );
  return Object.assign(url, { username: name, password }).href;
}

function serve(port: number, env: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn('php', ['-S', `127.0.0.1:${port}`, index], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  }
  const ended = once(child, 'close');
  return {
    output: () => Buffer.concat(chunks).toString(),
    freeze: () => freeze(child.pid!),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
