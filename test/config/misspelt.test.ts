import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runInProcess } from '../support/command-line.ts';
import { production } from './environments.ts';

const found = (name: string) =>
  loadConfig({ ...production, [name]: 'hidden-value' }).misspelt.map(({ nearest }) => nearest);

describe('a misspelt setting', () => {
  it.each([
    ['PUSHER_SECRT', 'PUSHER_SECRET'],
    ['PUSHER_SECERT', 'PUSHER_SECRET'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['REDIS_URI', 'REDIS_URL'],
    ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
    ['pusher_secret', 'PUSHER_SECRET'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['PORTS', 'PORT'],
    ['USER_TOKEN_KEY', 'USER_TOKEN_SECRET'],
    ['RATE_LIMIT_FAILURE', 'RATE_LIMIT_FAILURES'],
    ['PUSHER_APP_CLUSTER', 'PUSHER_CLUSTER'],
    ['PUSHER_SCHEME', 'PUSHER_TLS'],
  ])('%s is reported as %s', (name, nearest) => {
    expect(found(name)).toEqual([nearest]);
  });

  it.each([
    ...['HOME', 'PATH', 'HOSTNAME', 'USER', 'SHELL', 'EDITOR', 'LANG', 'PWD', 'OLDPWD', 'TZ'],
    ...['NODE_OPTIONS', 'NODE_PATH', 'npm_config_cache', 'INIT_CWD', 'CI', 'DEBUG', 'NO_COLOR'],
    ...['HTTP_PROXY', 'https_proxy', 'NO_PROXY', 'XDG_DATA_DIRS', 'XDG_SESSION_TYPE', 'SSH_TTY'],
    ...['PGHOST', 'PGDATABASE', 'REDIS_HOST', 'REDIS_PORT', 'DB_URL', 'DATABASE_HOST'],
    ...['DJANGO_SETTINGS_MODULE', 'DJANGO_DEBUG', 'SESSION_DRIVER', 'SESSION_DOMAIN', 'APP_KEY'],
    ...['SANCTUM_STATEFUL_DOMAINS', 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_SDK_DISABLED'],
    ...['USHER_SERVICE_HOST', 'USHER_PORT', 'PUSHER_SERVICE_HOST', 'PUSHER_PORT_6001_TCP_ADDR'],
    ...['REDIS_PORT_6379_TCP', 'KUBERNETES_PORT', 'POSTGRES_PASSWORD', 'PUSHER_APP_KEY'],
  ])('%s is not reported', (name) => {
    expect(found(name)).toEqual([]);
  });

  it('is a warning of check-config, without its value', async () => {
    const env = { ...production, DATABSE_URL: 'postgres://hidden' };
    expect(await runInProcess(['check-config'], env)).toStrictEqual({
      code: 0,
      stdout: 'The configuration is complete.\n',
      stderr: 'DATABSE_URL is not a setting of Usher and is ignored; did you mean DATABASE_URL?\n',
    });
  });

  it('is reported with the problem that it causes', async () => {
    const env = { ...production, PUSHER_SECRET: undefined, PUSHER_SECRT: 'hidden' };
    expect(await runInProcess(['check-config'], env)).toStrictEqual({
      code: 1,
      stdout: '',
      stderr:
        'The configuration has problems:\n' +
        '  - PUSHER_SECRET is not set\n' +
        '  - PUSHER_SECRT is not a setting of Usher and is ignored; did you mean PUSHER_SECRET?\n',
    });
  });
});

it('.env.example, copied unchanged, changes nothing', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const { variable, ...config } = loadConfig(parseEnv(text));
  expect(loadConfig({})).toStrictEqual({ ...config, variable: expect.any(Function) as unknown });
  expect(variable('POLICY')).toBeUndefined();
  // With every # removed, each line is one of a setting.
  const all = parseEnv(text.replaceAll(/^#([A-Z])/gm, '$1'));
  expect(Object.keys(all).length).toBeGreaterThan(50);
});
