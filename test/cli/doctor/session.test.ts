import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSession } from '../../../src/cli/doctor/session.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Environment } from '../../../src/config/read.ts';
import { defaultServer } from '../../support/database.ts';
import { freePort } from '../../support/free-port.ts';
import { createPostgresLaravel, laravelEnvironment } from '../../support/laravel-application.ts';
import { laravelFixtures } from '../../support/laravel-vectors.ts';
import { testEnvironment } from '../../support/usher.ts';

const cases = laravelFixtures.flatMap((fixtures) => fixtures.cases);
const caseOf = (id: string) => cases.find((one) => one.id === id)!;

describe('usher doctor with a session cookie of a Laravel host', () => {
  let host: Awaited<ReturnType<typeof createPostgresLaravel>>;
  beforeAll(async () => {
    host = await createPostgresLaravel(defaultServer, 'int');
  });
  afterAll(() => host.drop());

  /** The result of the doctor for the cookie of a case, with only these settings. */
  const say = async (id: string, changes: Environment = {}, text?: string) => {
    const one = caseOf(id);
    await host.fill(one.rows);
    const env = { ...laravelEnvironment(host.url.reveal(), one), ...changes };
    const { sessions } = loadConfig({ ...testEnvironment, ...env });
    const deps = { fetch, now: () => one.now * 1000 };
    const { result } = await checkSession(text ?? one.cookie, sessions, deps);
    expect(JSON.stringify(result)).not.toContain(one.cookie.slice(0, 30));
    return 'problem' in result ? `${result.problem} ${result.remedy}` : result.status;
  };
  const header = `a=1; laravel_session=${caseOf('login-aes-256-cbc').cookie}; b=2`;

  it('accepts the cookie of a logged-in visitor, alone or as a header', async () => {
    expect(await say('login-aes-256-cbc')).toBe('pass');
    expect(await say('login-aes-256-cbc', {}, header)).toBe('pass');
    expect(await say('login-aes-256-cbc', {}, `Cookie: ${header}`)).toBe('pass');
  });

  it('finds the name of the cookie', async () => {
    const SESSION_COOKIE_NAME = 'laravel-session';
    expect(await say('login-aes-256-cbc', { SESSION_COOKIE_NAME }, header)).toContain(
      'The application’s session cookie is laravel_session: set SESSION_COOKIE_NAME to that name.',
    );
    expect(await say('login-aes-256-cbc', { SESSION_COOKIE_NAME }, 'a=1; b=2')).toContain(
      'Set SESSION_COOKIE_NAME',
    );
  });

  it('does not read the encrypted CSRF token as the session', async () => {
    const { cookie_header } = caseOf('l13-csrf-first');
    expect(cookie_header).toMatch(/^XSRF-TOKEN=/);
    const SESSION_COOKIE_NAME = 'laravel_session';
    expect(await say('l13-csrf-first', { SESSION_COOKIE_NAME }, cookie_header)).toContain(
      'The application’s session cookie is laravel-session: set',
    );
  });

  it.each<[string, Environment, RegExp]>([
    ['login-aes-256-cbc', { SESSION_COOKIE_NAME: 'shop_session' }, /Set SESSION_COOKIE_NAME/],
    [
      'login-aes-256-cbc',
      { LARAVEL_APP_KEY: 'raw-key-of-32-characters-0123456' },
      /Set LARAVEL_APP_KEY/,
    ],
    ['login-aes-256-gcm', { LARAVEL_CIPHER: 'AES-256-CBC' }, /set LARAVEL_CIPHER/],
    ['row-deleted', {}, /LARAVEL_SESSION_DRIVER, LARAVEL_DATABASE_URL or LARAVEL_SESSION_TABLE/],
    ['lifetime-1s-over', {}, /LARAVEL_SESSION_LIFETIME/],
    ['payload-not-base64', {}, /LARAVEL_SESSION_DRIVER/],
    ['login-aes-256-cbc', { LARAVEL_SESSION_ENCRYPT: 'true' }, /LARAVEL_SESSION_ENCRYPT=false/],
    ['encrypt-php', {}, /LARAVEL_SESSION_ENCRYPT/],
    ['json', {}, /Set LARAVEL_SESSION_SERIALIZATION/],
    ['guest', {}, /^Nobody is logged in\. Log in at the application/],
    [
      'admin-only-ask-web',
      {},
      /Nobody is logged in at the guard web, but at admin\. Set LARAVEL_GUARD /,
    ],
    ['login-aes-256-cbc', { LARAVEL_GUARD_CLASS: 'App\\Guard' }, /Set LARAVEL_GUARD_CLASS/],
    ['login-aes-256-cbc', { LARAVEL_USER_TABLE: 'admins' }, /LARAVEL_USER_TABLE/],
    ['as-password-changed', {}, /LARAVEL_AUTHENTICATE_SESSION=false/],
  ])('reports for %s with %j which setting does not match', async (id, changes, expected) => {
    const response = await say(id, changes);
    expect(response).toMatch(expected);
  });

  it('is unknown while the application does not respond, or without session cookies', async () => {
    const LARAVEL_DATABASE_URL = `mysql://reader:geheim@127.0.0.1:${await freePort()}/shop`;
    expect(await say('login-aes-256-cbc', { LARAVEL_DATABASE_URL })).toBe('unknown');
    const deps = { fetch, now: Date.now };
    expect((await checkSession('x', undefined, deps)).result.status).toBe('unknown');
  });
});
