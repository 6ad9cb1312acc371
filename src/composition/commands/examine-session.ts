import type { Identification } from '../../authn/credential.ts';
import { readSessionId } from '../../authn/laravel/session-cookie-value.ts';
import { examineLaravelSession, type LaravelResult } from '../../authn/laravel/laravel-session.ts';
import { createSessionCookieReader } from '../../authn/session-cookie.ts';
import type { SessionConfig } from '../../config/sessions.ts';
import { createDjangoDatabase } from '../../database/host/django-database.ts';
import type { HostRedis } from '../../redis/host-redis.ts';
import {
  buildLaravelHost,
  laravelSettings,
  openLaravelRedis,
  type LaravelSessions,
} from '../laravel.ts';
import { introspectSession } from './introspect.ts';
import { withClose, withHost } from './open-database.ts';

export interface ExamineDeps {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** Reads the value of a session cookie as the service does. Throws `Unavailable`. */
export function examineSession(
  cookie: string,
  sessions: SessionConfig,
  deps: ExamineDeps,
): Promise<Identification | LaravelResult> {
  switch (sessions.mode) {
    case 'introspect':
      return introspectSession(sessions, deps)(cookie);
    case 'django':
      return withHost(sessions.database, (host) => {
        const database = createDjangoDatabase(host);
        return createSessionCookieReader({ ...sessions, database }, deps)(cookie);
      });
    case 'laravel':
      return examineLaravel(cookie, sessions, deps);
  }
}

function examineLaravel(
  cookie: string,
  sessions: LaravelSessions,
  { now }: ExamineDeps,
): Promise<LaravelResult> {
  return withHost(sessions.database, (database) => {
    const examine = (redis?: HostRedis) => {
      const host = buildLaravelHost(sessions, { database, redis, now });
      return examineLaravelSession(cookie, laravelSettings(sessions), { host, now });
    };
    return sessions.redis === undefined
      ? examine()
      : withClose(openLaravelRedis(sessions.redis.url), examine);
  });
}

/** Laravel encrypts the CSRF token like a session id, which it resembles, into this cookie. */
const csrfCookie = 'XSRF-TOKEN';

/** The names of the cookies that are session cookies of this Laravel host under their own names. */
export function laravelSessionNames(
  cookies: readonly { readonly name: string; readonly value: string }[],
  sessions: LaravelSessions,
): readonly string[] {
  const { keys } = laravelSettings(sessions);
  return cookies
    .filter(({ name, value }) => name !== csrfCookie && 'id' in readSessionId(value, name, keys))
    .map(({ name }) => name);
}
