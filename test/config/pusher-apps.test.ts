import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { inProduction, production } from './environments.ts';

const masterKey = Buffer.alloc(32, 7).toString('base64');
const app = { tenants: ['1', 'acme'], app_id: '10', key: 'key-one', secret: 'hidden-secret-one' };
const other = { tenants: ['2'], app_id: '20', key: 'key-two', secret: 'hidden-secret-two' };

const apps = (...items: readonly unknown[]) => ({ PUSHER_APPS: JSON.stringify(items) });
const loaded = (...items: readonly unknown[]) =>
  loadConfig({ ...production, ...apps(...items) }).tenantsApps;
/** The problems of one item, without their common prefix. */
const problem = (item: unknown) =>
  inProduction(apps(item)).map((each) => each.replace('PUSHER_APPS has problems: item 1 ', ''));

const noPath = 'must be a path such as /realtime, of letters, digits, and . _ ~ - only';

describe('apps of tenants', () => {
  it('are empty by default', () => {
    expect(loadConfig(production).tenantsApps).toEqual([]);
    expect(loadConfig({ ...production, PUSHER_APPS: '[]' }).tenantsApps).toEqual([]);
  });

  it('are read, with the defaults of the default app', () => {
    const [one, two] = loaded(app, {
      ...other,
      cluster: 'eu',
      host: 'ws.example',
      port: 6001,
      tls: false,
      server: 'soketi',
      path: 'realtime/',
      encryption_master_key: masterKey,
      retiring_key: 'key-old',
      retiring_secret: 'old',
    });
    expect(one).toMatchObject({
      tenants: ['1', 'acme'],
      app: { appId: '10', key: 'key-one', tls: true, dialect: 'pusher' },
    });
    expect(one?.app.secret.reveal()).toBe('hidden-secret-one');
    expect(two).toMatchObject({
      tenants: ['2'],
      app: { cluster: 'eu', host: 'ws.example', port: 6001, path: '/realtime', tls: false },
    });
    expect(two?.app.encryptionMasterKey?.reveal()).toBe(masterKey);
    expect(two?.app.retiring?.key).toBe('key-old');
    expect(two?.app.retiring?.secret.reveal()).toBe('old');
  });

  it('terminate connections as PUSHER_TERMINATE says, unless they have their own value', () => {
    const terminates = (PUSHER_TERMINATE?: string) => {
      const set = PUSHER_TERMINATE === undefined ? {} : { PUSHER_TERMINATE };
      const items = apps(app, { ...other, terminate: true });
      const { pusher, tenantsApps } = loadConfig({ ...production, ...items, ...set });
      return [pusher, ...tenantsApps.map((each) => each.app)].map((each) => each.terminates);
    };
    expect(terminates()).toEqual([true, true, true]);
    expect(terminates('off')).toEqual([false, false, true]);
    expect(problem({ ...app, terminate: 'off' })).toEqual(['terminate must be true or false']);
    expect(inProduction({ PUSHER_TERMINATE: 'never' })).toEqual([
      'PUSHER_TERMINATE must be one of on, off',
    ]);
  });

  it('do not print secrets', () => {
    const item = { ...app, retiring_key: 'key-old', retiring_secret: 'hidden-secret-old' };
    const config = loadConfig({ ...production, ...apps(item) });
    expect(JSON.stringify(config) + inspect(config, { depth: 9 })).not.toContain('hidden-secret');
  });

  it.each([
    ['no JSON', '{secret', 'PUSHER_APPS must be JSON'],
    ['an object', JSON.stringify(app), 'PUSHER_APPS must be a JSON list'],
    ['a number', '1', 'PUSHER_APPS must be a JSON list'],
  ])('cannot be %s', (_case, text, expected) => {
    expect(inProduction({ PUSHER_APPS: text })).toEqual([expected]);
  });

  it.each<[unknown, string]>([
    [null, 'must be an object'],
    [[app], 'must be an object'],
    ['hidden-secret', 'must be an object'],
    [{ ...app, tenants: undefined }, 'has no tenants'],
    [{ ...app, key: undefined }, 'has no key'],
    [{ ...app, secret: '' }, 'secret must be a text'],
    [{ ...app, secret: 1 }, 'secret must be a text'],
    [{ ...app, tenants: [] }, 'tenants must be a list of tenant ids'],
    [{ ...app, tenants: '1' }, 'tenants must be a list of tenant ids'],
    [{ ...app, tenants: [1] }, 'tenants must be a list of tenant ids'],
    [{ ...app, tenants: ['a.b'] }, 'tenants must be a list of tenant ids'],
    [{ ...app, port: '6001' }, 'port must be a whole number from 1 to 65535'],
    [{ ...app, port: 0 }, 'port must be a whole number from 1 to 65535'],
    [{ ...app, port: 1.5 }, 'port must be a whole number from 1 to 65535'],
    [{ ...app, host: 'a', path: '/a/../b' }, `path ${noPath}`],
    [{ ...app, path: '/a' }, 'has a path without a host'],
    [{ ...app, tls: 'false' }, 'tls must be true or false'],
    [{ ...app, server: 'hidden-secret' }, 'server must be one of pusher, soketi, reverb, sockudo'],
    [
      { ...app, encryption_master_key: 'hidden-secret' },
      'encryption_master_key must be 32 bytes in base64',
    ],
    [{ ...app, 'hidden-secret': 1 }, 'has an unknown field'],
    [{ ...app, retiring_key: 'a' }, 'must have retiring_key and retiring_secret, or neither'],
    [{ ...app, retiring_secret: 'a' }, 'must have retiring_key and retiring_secret, or neither'],
    [{ ...app, cluster: null }, 'cluster must be a text'],
    [{ ...app, key: 'a:b' }, 'key must be letters, digits, and . _ - ~ = + @ ! * only'],
  ])('are refused without their values in the message: %j', (item, expected) => {
    expect(problem(item)).toEqual([expected]);
  });

  it('report all their problems at once, with their places', () => {
    expect(inProduction(apps(app, { ...other, key: '', port: 0 }, 1))).toEqual([
      'PUSHER_APPS has problems: item 2 key must be a text; ' +
        'item 2 port must be a whole number from 1 to 65535; item 3 must be an object',
    ]);
  });

  it.each([
    ['a tenant', [app, { ...other, tenants: ['2', 'acme'] }], 'PUSHER_APPS has a duplicate tenant'],
    [
      'a tenant in one item',
      [{ ...app, tenants: ['1', '1'] }],
      'PUSHER_APPS has a duplicate tenant',
    ],
    [
      'a key',
      [app, { ...other, key: app.key }],
      'PUSHER_KEY, PUSHER_RETIRING_KEY and PUSHER_APPS have a duplicate key',
    ],
    [
      'a retiring key',
      [app, { ...other, retiring_key: app.key, retiring_secret: 'x' }],
      'PUSHER_KEY, PUSHER_RETIRING_KEY and PUSHER_APPS have a duplicate key',
    ],
    [
      'the key of the default app',
      [{ ...app, key: production['PUSHER_KEY'] }],
      'PUSHER_KEY, PUSHER_RETIRING_KEY and PUSHER_APPS have a duplicate key',
    ],
  ])('do not share %s', (_case, items, expected) => {
    expect(inProduction(apps(...items))).toEqual([expected]);
  });

  it('are read or refused, whatever their content', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => `[${text}]`),
        ),
        (text) => {
          const message = inProduction({ PUSHER_APPS: text });
          expect(message.every((each) => each.startsWith('PUSHER_APPS '))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a retiring key', () => {
  it.each([[{ PUSHER_RETIRING_KEY: 'old' }], [{ PUSHER_RETIRING_SECRET: 'old-secret' }]])(
    'needs its secret, and the reverse: %j',
    (changes) => {
      expect(inProduction(changes)).toEqual([
        'PUSHER_RETIRING_KEY and PUSHER_RETIRING_SECRET must be set together',
      ]);
    },
  );

  it('must differ from the key that replaces it', () => {
    const same = { PUSHER_RETIRING_KEY: production['PUSHER_KEY'], PUSHER_RETIRING_SECRET: 'old' };
    expect(inProduction(same)).toEqual([
      'PUSHER_KEY, PUSHER_RETIRING_KEY and PUSHER_APPS have a duplicate key',
    ]);
  });

  it('is read', () => {
    const changes = { PUSHER_RETIRING_KEY: 'old', PUSHER_RETIRING_SECRET: 'old-secret' };
    const { retiring } = loadConfig({ ...production, ...changes }).pusher;
    expect([retiring?.key, retiring?.secret.reveal()]).toEqual(['old', 'old-secret']);
  });
});
