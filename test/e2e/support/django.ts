import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { reportSkipped } from '../../support/skipped.ts';
import { within } from './within.ts';
import { isPostgresReachable, postgres, withPostgres } from './postgres.ts';

const siteDirectory = fileURLToPath(new URL('../django-site', import.meta.url));

/** A Python with Django and psycopg2, and a PostgreSQL for the site; or the missing part. */
export type Django =
  { readonly python: string; readonly version: string } | { readonly missing: string };

export type SessionEngine = 'db' | 'cached_db' | 'signed_cookies';

/** Changes that an administrator can make to a user. */
export interface UserChanges {
  readonly is_staff?: boolean;
  readonly is_superuser?: boolean;
  readonly is_active?: boolean;
  readonly password?: string;
}

/** A running Django site with its own database. */
export interface DjangoSite {
  readonly url: string;
  readonly secretKey: string;
  /** The site's database, as its owner. */
  readonly databaseUrl: string;
  /** The site's database, as a role that may read what Usher needs and no more. */
  readonly readerUrl: string;
  /** Adds a user and returns the id; the password is `secret of <name>`. */
  readonly addUser: (name: string) => Promise<string>;
  /** Signs in and returns the cookie, such as `sessionid=…`. */
  readonly login: (name: string) => Promise<string>;
  readonly logout: (cookie: string) => Promise<void>;
  readonly changePassword: (name: string) => Promise<void>;
  readonly setStaff: (name: string, isStaff: boolean) => Promise<void>;
  readonly changeUser: (name: string, changes: UserChanges) => Promise<void>;
  /** Loads a page that adds a message. */
  readonly save: (cookie: string) => Promise<void>;
  /** The messages that the next page shows. */
  readonly status: (cookie: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** Looks for the requirements of a site; reports missing ones. */
export async function findDjango(): Promise<Django> {
  const found = await lookForDjango();
  if ('missing' in found) reportSkipped('django', `a real Django, for want of ${found.missing}`);
  return found;
}

async function lookForDjango(): Promise<Django> {
  if (!(await isPostgresReachable()))
    return { missing: 'no PostgreSQL at TEST_DATABASE_URL or 127.0.0.1:5432' };
  // Debian's package belongs to its own Python, which is not always the first one in PATH.
  for (const python of ['python3', '/usr/bin/python3']) {
    const program = 'import django, psycopg2; print(django.__version__)';
    const response = await promisify(execFile)(python, ['-c', program]).catch(() => undefined);
    if (response !== undefined) return { python, version: response.stdout.trim() };
  }
  return {
    missing: 'no python3 with django and psycopg2 (Debian: python3-django, python3-psycopg2)',
  };
}

/** Starts the site with this session engine; throws, with its output, when it does not listen within 60 s. */
export async function startDjango(
  python: string,
  engine: SessionEngine,
  env: Readonly<Record<string, string>> = {},
): Promise<DjangoSite> {
  const name = `usher_e2e_django_${randomBytes(4).toString('hex')}`;
  const secretKey = randomBytes(32).toString('hex');
  await withPostgres(postgres, `CREATE DATABASE ${name}`);
  const site = serve(python, {
    SECRET_KEY: secretKey,
    SESSION_ENGINE: engine,
    DATABASE: JSON.stringify(djangoDatabase(name)),
    ...env,
  });
  const stop = async () => {
    await site.stop();
    await withPostgres(postgres, `DROP DATABASE ${name} WITH (FORCE)`);
    await withPostgres(postgres, `DROP ROLE IF EXISTS ${name}`);
  };
  try {
    const url = `http://127.0.0.1:${await site.port}`;
    const databaseUrl = Object.assign(new URL(postgres), { pathname: `/${name}` }).href;
    const readerUrl = await addReader(name);
    return { url, secretKey, databaseUrl, readerUrl, ...actionsOn(url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Django's own words for the place of a database. */
function djangoDatabase(name: string): object {
  const { hostname, port, username, password } = new URL(postgres);
  return {
    NAME: name,
    HOST: hostname,
    PORT: port,
    USER: decodeURIComponent(username),
    PASSWORD: decodeURIComponent(password),
  };
}

/** The role of the documentation: `SELECT` on three columns of the sessions and on six of the users. */
async function addReader(name: string): Promise<string> {
  const password = randomBytes(16).toString('hex');
  const url = new URL(postgres);
  url.pathname = `/${name}`;
  await withPostgres(
    url.href,
    `CREATE ROLE ${name} LOGIN PASSWORD '${password}';
     GRANT SELECT (session_key, session_data, expire_date) ON django_session TO ${name};
     GRANT SELECT (id, username, password, is_active, is_staff, is_superuser) ON auth_user TO ${name}`,
  );
  url.username = name;
  url.password = password;
  return url.href;
}

function actionsOn(
  url: string,
): Omit<DjangoSite, 'url' | 'secretKey' | 'databaseUrl' | 'readerUrl' | 'stop'> {
  const passwords = new Map<string, string>();
  const post = async (path: string, fields: object, cookie = ''): Promise<Response> => {
    const init = { method: 'POST', body: new URLSearchParams({ ...fields }), headers: { cookie } };
    const response = await fetch(`${url}/${path}`, {
      ...init,
      signal: AbortSignal.timeout(15_000),
    });
    if (!response.ok) throw new Error(`Django: ${path} answered ${response.status}`);
    return response;
  };
  const changeUser = async (username: string, changes: UserChanges) => {
    await post('users/change', { username, ...changes });
    if (changes.password !== undefined) passwords.set(username, changes.password);
  };
  return {
    addUser: async (username) => {
      const password = `secret of ${username}`;
      passwords.set(username, password);
      const added = await post('users/add', { username, password });
      return String(((await added.json()) as { id: number }).id);
    },
    login: async (username) => {
      const response = await post('login', { username, password: passwords.get(username) });
      const [cookie] = (response.headers.get('set-cookie') ?? '').split(';');
      return cookie!;
    },
    save: async (cookie) => {
      await post('save', {}, cookie);
    },
    status: async (cookie) => (await post('status', {}, cookie)).json(),
    logout: async (cookie) => {
      await post('logout', {}, cookie);
    },
    changePassword: (username) =>
      changeUser(username, { password: randomBytes(16).toString('hex') }),
    setStaff: (username, is_staff) => changeUser(username, { is_staff }),
    changeUser,
  };
}

function serve(python: string, env: Readonly<Record<string, string>>) {
  const child: ChildProcess = spawn(python, ['-B', 'serve.py'], {
    cwd: siteDirectory,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    // Its standard input is a pipe from here, which the system closes even when the runner is killed.
    stdio: 'pipe',
  });
  const chunks: Buffer[] = [];
  const output = () => Buffer.concat(chunks).toString();
  const ended = once(child, 'close');
  const listening = new Promise<number>((resolve, reject) => {
    child.stdout!.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const [, port] = /listening on (\d+)/.exec(output()) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
    child.stderr!.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('close', () => {
      reject(new Error(`Django ended. Output:\n${output()}`));
    });
  });
  return {
    port: within(60_000, listening, () => `Django did not listen. Output:\n${output()}`),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
