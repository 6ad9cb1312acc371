import { afterAll, beforeAll, expect, it } from 'vitest';
import { sessionOfCache } from '../../src/authn/laravel/laravel-application.ts';
import {
  createApplicationRedis,
  type ApplicationRedis,
} from '../../src/redis/application-redis.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { freePort } from '../support/free-port.ts';
import {
  expectedUser,
  applicationOf,
  keyPrefixOf,
  laravelFixtures,
  lifetimeOf,
  readCase,
  readerOf,
} from '../support/laravel-vectors.ts';
import { describeRedis, redisUrl, useRedis } from '../support/redis.ts';

const log = { warn: () => undefined };
const cases = laravelFixtures
  .flatMap((fixtures) => fixtures.cases)
  .filter(({ settings }) => settings.driver === 'redis');

describeRedis('the Redis of a Laravel host', () => {
  const test = useRedis();
  let application: ApplicationRedis;
  beforeAll(() => {
    application = createApplicationRedis({ url: new Secret(redisUrl()), log, timeoutMs: 30_000 });
  });
  afterAll(() => application.close());

  it.each(cases)('$id: $why', async (one) => {
    const now = one.now * 1000;
    for (const { key, value_base64, ttl } of one.rows.redis ?? []) {
      const value = Buffer.from(value_base64, 'base64');
      await test.admin.set(`${test.keyPrefix}${key}`, value, 'EX', ttl);
    }
    const session = async (id: string) => {
      const cached = await application.read(`${test.keyPrefix}${keyPrefixOf(one)}${id}`);
      return cached && sessionOfCache(cached, { now, lifetimeMs: lifetimeOf(one) });
    };
    const { user } = applicationOf(one);
    expect(await readCase(one, readerOf(one, { session, user }))).toBe(expectedUser(one));
  });

  it('returns the bytes of a key, and its remaining time', async () => {
    const key = `${test.keyPrefix}value`;
    expect(await application.read(key)).toBeUndefined();
    const value = Buffer.from([0, 255, 13, 10]);
    await test.admin.set(key, value);
    expect(await application.read(key)).toEqual({ value, remainingMs: undefined });
    await test.admin.set(key, value, 'EX', 7200);
    const { remainingMs = 0 } = (await application.read(key))!;
    expect(remainingMs).toBeGreaterThan(7_000_000);
    expect(remainingMs).toBeLessThanOrEqual(7_200_000);
  });

  it('is unavailable if the key is of another type', async () => {
    await test.admin.rpush(`${test.keyPrefix}list`, 'a');
    await expect(application.read(`${test.keyPrefix}list`)).rejects.toMatchObject({
      name: 'Unavailable',
    });
  });
});

it('an unreachable Redis of an application is Unavailable, without its address or password', async () => {
  const url = new Secret(`redis://:geheim@127.0.0.1:${await freePort()}`);
  const application = createApplicationRedis({
    url,
    log,
    dependency: 'host redis',
    timeoutMs: 500,
  });
  await expect(application.read('a')).rejects.toMatchObject({
    dependency: 'host redis',
    cause: { message: 'not connected' },
  });
  await application.close();
});
