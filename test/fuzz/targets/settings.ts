import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pino } from 'pino';
import { buildIdentify } from '../../../src/composition/authn.ts';
import { createDependencies } from '../../../src/observability/dependencies.ts';
import { ConfigurationError, loadConfig } from '../../../src/config/load.ts';
import { network } from '../../../src/config/address.ts';
import { origin } from '../../../src/config/origin.ts';
import type { Setting } from '../../../src/config/setting.ts';
import { settings } from '../../../src/config/settings.ts';
import { createPusherApps } from '../../../src/pusher/apps.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { createServer } from '../../../src/http/server.ts';
import type { GuestSessionStore } from '../../../src/authn/guest-session.ts';
import { shippedPolicy } from '../../support/shipped-policy.ts';
import { mutated, textNear } from '../mutations.ts';
import { defineTarget } from '../target.ts';

const values = [
  ...['3000', '15m', 'https://app.example', '10.0.0.0/8', '2001:db8::/32', 'Europe/Berlin', 'true'],
  ...['postgres://u:p@127.0.0.1/d', 'redis://h', 'sessionid', 'strict', 'production'],
  ...['soketi:6001', 'http://soketi', 'https://u:p@login.example/keys', 'http://127.0.0.2:6000/'],
  'chat:Qk2vW8xTz1rJm7cYb4nHd9fLg6pSa3e-0123',
  '[{"tenants":["1"],"app_id":"1","key":"k","secret":"s","port":443,"tls":true,"server":"soketi"}]',
];
const names = Object.keys(settings) as (keyof typeof settings)[];
const environment = {
  NODE_ENV: 'production',
  PUSHER_APP_ID: '1',
  PUSHER_KEY: 'k',
  PUSHER_SECRET: 'pusher-secret-of-tests',
  DATABASE_URL: 'postgres://u:p@127.0.0.1/d',
  GUEST_TOKEN_SECRET: 'guests-9Rw4mT2bVx7Kq1Zd8Yc5-usher-tests',
  USER_TOKEN_SECRET: '5Qk2vW8xTz1rJm7cYb4nHd9fLg6pSa3e-usher-tests',
  ALLOWED_ORIGINS: 'https://app.example',
};
/** Dependencies of reading credentials, which building their readers does not use. */
const unused = {
  sessions: {} as GuestSessionStore,
  ...systemClock,
  dependencies: createDependencies(),
  tokenLookups: { hits: 0, misses: 0 },
  policy: () => shippedPolicy,
};
const logger = pino({ level: 'silent' });

export const settingTargets = [
  defineTarget({
    name: 'settings, one by one',
    input: fc.tuple(fc.constantFrom(...names), textNear(...values)),
    holds: ([name, text]) => {
      const setting: Setting<unknown> = settings[name];
      const parsed = setting.parse(text);
      // The message may contain one of our own words by chance, but not a long value.
      if ('problem' in parsed && text.length > 60) assert.ok(!parsed.problem.includes(text));
    },
  }),
  defineTarget({
    name: 'whole configurations',
    input: fc.array(fc.tuple(fc.constantFrom(...names), mutated(...values, 'a'.repeat(40))), {
      maxLength: 4,
    }),
    holds: (changes) => {
      try {
        const config = loadConfig({ ...environment, ...Object.fromEntries(changes) });
        // Complete settings must not stop the start.
        buildIdentify(config, unused);
        createPusherApps(config.pusher, config.tenantsApps);
      } catch (error) {
        assert.ok(error instanceof ConfigurationError, String(error));
        for (const [name, text] of changes) {
          const { secret }: Setting<unknown> = settings[name];
          if (secret === true && text.length > 20) assert.ok(!error.message.includes(text));
        }
      }
    },
  }),
  defineTarget({
    name: 'origins and networks',
    input: textNear(
      'https://app.example',
      'https://*.tenants.example',
      'capacitor://localhost',
      'http://[::1]:8080',
      '10.0.0.0/8',
      '::1',
      '2001:db8::/32',
      'fe80::1%eth0',
    ),
    holds: (text) => {
      const parsed = network('').parse(text);
      // Settings that one reader accepts must not stop the start in another.
      if ('value' in parsed) createServer({ logger, trustedProxies: [parsed.value] });
      const page = origin('').parse(text);
      if ('value' in page && page.value !== '*') {
        const { host, protocol } = new URL(page.value);
        assert.equal(page.value, `${protocol}//${host}`);
      }
    },
  }),
];
