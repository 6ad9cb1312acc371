import type { Secret } from '../../runtime/secret.ts';
import { decodeExactly } from '../exact-base64.ts';
import type { LaravelKeys } from './encrypter.ts';
import { readPhpString, type SessionFormat } from './session-content.ts';

/** The settings of an application, with Laravel's names. */
export interface LaravelSettings {
  /** `session.cookie`. */
  readonly cookieName: string;
  readonly keys: LaravelKeys;
  /** The text of `APP_KEY`, with `base64:`, with which Laravel hashes the password column. */
  readonly appKey: Secret;
  readonly format: SessionFormat;
  readonly guard: string;
  /** The class of the guard. Its hash is part of the name of the login. */
  readonly guardClass: string;
  /** Whether the password hash of a session is compared, as the middleware `AuthenticateSession` does. */
  readonly checksPassword: boolean;
}

/** A stored session. `content` is undefined if the driver did not write it. `expiresAt` is in milliseconds. */
interface StoredSession {
  readonly content: Buffer | undefined;
  readonly expiresAt: number;
}

/** The columns of a user that Usher reads. `password` contains a salted hash, or is null. */
export interface LaravelUser {
  readonly id: string;
  readonly password?: string | null;
}

/** The sessions and users of a Laravel application. All functions throw `Unavailable` if the application does not respond. */
export interface LaravelApplication {
  /** Returns the session of this id, expired or not, or `undefined` if there is none. */
  readonly session: (id: string) => Promise<StoredSession | undefined>;
  /** Integer and UUID keys are texts here. Returns `undefined` for a user who was deleted. */
  readonly user: (id: string) => Promise<LaravelUser | undefined>;
}

/** A row of the table `sessions`. `lastActivity` is in seconds since the epoch. */
export interface SessionRow {
  readonly payload: string;
  readonly lastActivity: number;
}

/**
 * Reads a row of the driver `database` (`Illuminate/Session/DatabaseSessionHandler.php`). A session is alive in the
 * second in which its lifetime ends.
 */
export function sessionOfRow(row: SessionRow, lifetimeMs: number): StoredSession {
  return {
    content: decodeExactly(row.payload, 'base64'),
    expiresAt: (row.lastActivity + 1) * 1000 + lifetimeMs,
  };
}

/** A value in Redis. `remainingMs` is its time to live, `undefined` if it has none. */
interface CachedValue {
  readonly value: Buffer;
  readonly remainingMs: number | undefined;
}

/**
 * Reads a value of the driver `redis` (`Illuminate/Cache/RedisStore.php`). Redis deletes it at its end. One without an
 * end counts as just used.
 */
export function sessionOfCache(
  { value, remainingMs }: CachedValue,
  { now, lifetimeMs }: { readonly now: number; readonly lifetimeMs: number },
): StoredSession {
  return { content: readPhpString(value), expiresAt: now + (remainingMs ?? lifetimeMs) };
}
