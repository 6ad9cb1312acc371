import { randomBytes } from 'node:crypto';
import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { createRedis, type Redis } from '../../src/redis/client.ts';
import { Secret } from '../../src/runtime/secret.ts';

const url = inject('redisUrl');

/** Runs a suite if a Redis is available; see `global-setup.ts`. */
export const describeRedis = describe.skipIf(url === undefined);

/** The available Redis. Call it in tests of `describeRedis`. */
export const redisUrl = (): string => url!;

/** A key space of the available Redis that no other test uses. */
export interface TestRedis {
  readonly redis: Redis;
  readonly keyPrefix: string;
  /** A client that sees every key under its whole name. */
  readonly admin: Client;
}

/** Keys of one's own for the tests of one `describe`, removed afterwards. Call it in the suite, use it in tests. */
export function useRedis(): TestRedis {
  const keyPrefix = `usher-test-${randomBytes(6).toString('hex')}:`;
  let redis: Redis | undefined;
  let admin: Client | undefined;
  beforeAll(async () => {
    redis = await createRedis({
      url: new Secret(redisUrl()),
      log: console,
      keyPrefix,
      timeoutMs: 30_000,
    });
    admin = new Client(redisUrl());
  });
  afterAll(async () => {
    const keys = (await admin?.keys(`${keyPrefix}*`)) ?? [];
    if (keys.length > 0) await admin?.del(keys);
    admin?.disconnect();
    await redis?.close();
  });
  return {
    keyPrefix,
    get redis() {
      return redis!;
    },
    get admin() {
      return admin!;
    },
  };
}
