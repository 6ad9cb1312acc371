import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { addressOf, summarize } from '../../src/config/summary.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { production } from './environments.ts';

const summary = (changes: Environment) => summarize(loadConfig({ ...production, ...changes }));

describe('the log line at the start', () => {
  it('lists the settings in use, without credentials', () => {
    expect(summary({ REDIS_URL: 'redis://:hidden-word@redis.internal:6380/2' })).toEqual({
      database: 'db.internal/usher',
      redis: 'redis.internal:6380/2',
      pusher: 'pusher cluster mt1',
      credentials: ['guest tokens', 'users’ JWTs', 'guest sessions'],
    });
    expect(
      summary({
        DATABASE_URL: '',
        PUSHER_SERVER: 'soketi',
        PUSHER_HOST: 'ws',
        PUSHER_PORT: '6001',
      }),
    ).toMatchObject({ database: 'embedded in ./data', redis: 'none', pusher: 'soketi at ws:6001' });
  });

  it('lists the credentials that are accepted, and no others', () => {
    const cookies = {
      GUEST_TOKEN_SECRET: '',
      USER_TOKEN_SECRET: '',
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: 'https://site.example/me',
      ALLOWED_ORIGINS: 'https://site.example',
    };
    expect(summary(cookies).credentials).toEqual([
      'session cookies (introspect)',
      'guest sessions',
    ]);
  });

  it.each([
    ['postgres://u:p@h:5432/db', 'h:5432/db'],
    ['postgres://h/db?sslmode=require&password=hidden', 'h/db'],
    ['postgres://u:p@h1:1,h2:2/db', 'h1:1,h2:2/db'],
    ['postgres://u:hidden@/db?host=/run/pg', '/run/pg/db'],
    ['postgres:///db', '/db'],
    ['redis+cluster://a:1,b:2', 'a:1,b:2'],
    ['redis+sentinel://:hidden@a,b/name', 'a,b/name'],
    // A password that is not percent-encoded may end at another place than it seems to.
    ['postgres://u:hid@den@h/db', 'an address that is not shown'],
    ['postgres://u:hid/den@h/db', 'an address that is not shown'],
    ['postgres://u:hid?den@h/db', 'an address that is not shown'],
    ['postgres://u:hid#den@h/db', 'an address that is not shown'],
  ])('prints %s as %s', (url, expected) => {
    expect(addressOf(new Secret(url))).toBe(expected);
  });
});
