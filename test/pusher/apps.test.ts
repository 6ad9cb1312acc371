import { inspect } from 'node:util';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { Secret } from '../../src/runtime/secret.ts';
import type { PusherApp } from '../../src/pusher/pusher-app.ts';
import { createPusherApps } from '../../src/pusher/apps.ts';
import { masterKey, settings } from './settings.ts';

function addressOf(over: Partial<PusherApp>): string {
  const client = createPusherApps(settings(over)).for(undefined)!.client;
  const { config } = client as unknown as { config: { getBaseURL(): string } };
  return config.getBaseURL();
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('createPusherApps', () => {
  it('returns the same app for every tenant, and creates it once', () => {
    const apps = createPusherApps(settings());
    expect(apps.for(undefined)).toBeDefined();
    expect(apps.for('1')).toBe(apps.for('2'));
  });

  it('reports whether the app has encrypted channels', () => {
    expect(createPusherApps(settings()).for(undefined)?.encrypts).toBe(false);
    const encrypted = createPusherApps(settings({ encryptionMasterKey: new Secret(masterKey) }));
    expect(encrypted.for(undefined)?.encrypts).toBe(true);
  });

  it.each([
    ['31 bytes', Buffer.alloc(31, 7).toString('base64')],
    ['33 bytes', Buffer.alloc(33, 7).toString('base64')],
    ['the raw bytes', 'sixteen-bytes-oksixteen-bytes-ok'],
    ['base64url', Buffer.alloc(32, 0xff).toString('base64url')],
    ['a line break at the end', `${masterKey}\n`],
    ['hidden text', masterKey.replace('B', 'B*')],
    ['nothing', ''],
  ])('refuses a master key of %s without printing it', (_what, key) => {
    const printed = (['log', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method));
    let thrown: unknown;
    try {
      createPusherApps(settings({ encryptionMasterKey: new Secret(key) }));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    expect((thrown as Error).message).toBe(
      'Pusher encryption master key that is not 32 bytes in base64',
    );
    if (key !== '') expect(inspect(thrown)).not.toContain(key);
    for (const spy of printed) expect(spy).not.toHaveBeenCalled();
  });

  it.each([
    ['app id', { appId: '' }],
    ['key', { key: '' }],
    ['secret', { secret: new Secret('') }],
  ])('refuses an empty %s', (_what, over) => {
    expect(() => createPusherApps(settings(over))).toThrow(/^Pusher app with/);
  });

  it('prefers the host to the cluster, and uses TLS by default', () => {
    expect(addressOf({ cluster: 'eu' })).toBe('https://api-eu.pusher.com');
    expect(addressOf({})).toBe('https://api-mt1.pusher.com');
    expect(addressOf({ cluster: 'eu', host: '127.0.0.1', port: 6001, tls: false })).toBe(
      'http://127.0.0.1:6001',
    );
  });
});
