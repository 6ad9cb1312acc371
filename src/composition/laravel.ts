import { readAppKey } from '../authn/laravel/app-key.ts';
import { laravelKeys } from '../authn/laravel/encrypter.ts';
import {
  sessionOfCache,
  sessionOfRow,
  type LaravelApplication,
  type LaravelSettings,
} from '../authn/laravel/laravel-application.ts';
import type { LaravelConfig } from '../config/laravel.ts';
import type { ApplicationDatabase } from '../database/application/application-database.ts';
import { createLaravelDatabase } from '../database/application/laravel-database.ts';
import { createApplicationRedis, type ApplicationRedis } from '../redis/application-redis.ts';
import type { RedisOptions } from '../redis/client.ts';
import type { Secret } from '../runtime/secret.ts';

/** The configuration of a Laravel application, with the name of its session cookie. */
export type LaravelSessions = LaravelConfig & { readonly cookieName: string };

export function laravelSettings(config: LaravelSessions): LaravelSettings {
  const { cipher, appKey, previousKeys } = config;
  const keys = [appKey, ...previousKeys].map((key) => {
    const read = readAppKey(key.reveal(), cipher);
    if ('problem' in read) throw new Error(`An APP_KEY ${read.problem}`);
    return read.bytes;
  });
  return { ...config, keys: laravelKeys(cipher, keys) };
}

/** Opens the Redis of a Laravel application. Without `log`, outages are not logged. */
export function openLaravelRedis(
  url: Secret,
  options: Partial<Pick<RedisOptions, 'log' | 'observe'>> = {},
): ApplicationRedis {
  const names = { setting: 'LARAVEL_REDIS_URL', dependency: 'host redis' };
  return createApplicationRedis({ url, log: { warn: () => undefined }, ...options, ...names });
}

/** Builds the application from its database, and from its Redis if that has the sessions. */
export function buildLaravelApplication(
  { redis: where, tables, lifetimeMs }: LaravelConfig,
  {
    database,
    redis,
    now,
  }: {
    readonly database: ApplicationDatabase;
    readonly redis: ApplicationRedis | undefined;
    readonly now: () => number;
  },
): LaravelApplication {
  const rows = createLaravelDatabase(database, tables);
  if (where === undefined || redis === undefined) {
    return {
      user: rows.user,
      session: async (id) => {
        const row = await rows.session(id);
        return row && sessionOfRow(row, lifetimeMs);
      },
    };
  }
  return {
    user: rows.user,
    session: async (id) => {
      const cached = await redis.read(`${where.keyPrefix}${id}`);
      return cached && sessionOfCache(cached, { now: now(), lifetimeMs });
    },
  };
}
