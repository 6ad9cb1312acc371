import { Secret } from '../../src/runtime/secret.ts';
import type { PusherApp } from '../../src/pusher/pusher-app.ts';

export const masterKey = Buffer.alloc(32, 7).toString('base64');

/** Settings of a Pusher app: the defaults with these changes. */
export function settings(over: Partial<PusherApp> = {}): PusherApp {
  return {
    appId: '1',
    key: 'app-key',
    secret: new Secret('app-secret'),
    tls: true,
    dialect: 'pusher',
    ...over,
  };
}
