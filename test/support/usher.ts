import { afterAll, beforeAll } from 'vitest';
import { startApp, type Start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import type { Secret } from '../../src/runtime/secret.ts';
import { createTestDatabase } from './database.ts';
import { createTestClock, type TestClock } from './test-clock.ts';
import { guestClaims, hmacToken, testNow, testSecret, userClaims } from './tokens.ts';
import type { JsonObject } from './tokens.ts';

/** The secret of guests' tokens; users' tokens have `testSecret`. */
export const guestSecret = 'guests-9Rw4mT2bVx7Kq1Zd8Yc5-usher-tests';

/** The Pusher app that signs in tests. */
export const pusherApp = { key: 'test-key', secret: 'test-pusher-secret' } as const;

/** The one origin that is allowed. */
export const allowedOrigin = 'https://app.example';

/** A complete environment, except for the database: free ports, no log, and limits that tests do not reach. */
export const testEnvironment: Environment = {
  NODE_ENV: 'test',
  HOST: '127.0.0.1',
  PORT: '0',
  OPS_PORT: '0',
  LOG_LEVEL: 'silent',
  PUSHER_APP_ID: 'test-app',
  PUSHER_KEY: pusherApp.key,
  PUSHER_SECRET: pusherApp.secret,
  GUEST_TOKEN_SECRET: guestSecret,
  USER_TOKEN_SECRET: testSecret.reveal(),
  ALLOWED_ORIGINS: allowedOrigin,
  // No load balancer needs time to notice a shutdown, and tests keep connections open.
  SHUTDOWN_NOTICE: '1ms',
  RATE_LIMIT_FAILURES: '1000000',
  RATE_LIMIT_CONNECTIONS: '1000000',
  RATE_LIMIT_AUTHORIZATIONS: '1000000',
  RATE_LIMIT_SUBSCRIPTIONS: '1000000',
};

/** A running Usher with its own database. */
export interface TestUsher {
  /** The address of the public port. */
  readonly public: string;
  /** The address of the operator's port. */
  readonly operator: string;
  /** The administrator's login on its database. */
  readonly database: Secret;
  /** Its clock, which only the test advances. */
  readonly clock: TestClock;
  readonly stop: () => Promise<void>;
}

/** Starts the whole application in this process; `stop` drops its database. */
export async function startUsher(changes: Environment = {}, start: Start = {}): Promise<TestUsher> {
  const database = await createTestDatabase();
  const clock = createTestClock(testNow);
  try {
    const config = loadConfig({
      ...testEnvironment,
      DATABASE_URL: database.url.reveal(),
      ...changes,
    });
    const app = await startApp(config, clock.clock, start);
    const stop = async () => {
      await app.stop(config.shutdownNoticeMs);
      await database.drop();
    };
    return { ...app.addresses, database: database.url, clock, stop };
  } catch (error) {
    await database.drop();
    throw error;
  }
}

/** An Usher for the tests of one `describe`. Call it in the suite, use it in tests. */
export function useUsher(changes: Environment = {}): Omit<TestUsher, 'stop'> {
  let usher: TestUsher | undefined;
  beforeAll(async () => {
    usher = await startUsher(changes);
  });
  afterAll(async () => {
    await usher?.stop();
  });
  return {
    get public() {
      return usher!.public;
    },
    get operator() {
      return usher!.operator;
    },
    get database() {
      return usher!.database;
    },
    get clock() {
      return usher!.clock;
    },
  };
}

/** A token of the demo's guest, changed. */
export function guestToken(changes: JsonObject = {}): string {
  return hmacToken(guestClaims(changes), {}, guestSecret);
}

/** A token of user 15 of tenant 1, changed. */
export function userToken(changes: JsonObject = {}): string {
  return hmacToken(userClaims(changes));
}
