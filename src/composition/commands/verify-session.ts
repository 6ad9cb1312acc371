import type { Identification } from '../../authn/credential.ts';
import { readSessionId } from '../../authn/laravel/session-cookie-value.ts';
import { verifyLaravelSession, type LaravelResult } from '../../authn/laravel/laravel-session.ts';
import { createSessionCookieReader } from '../../authn/session-cookie.ts';
import type { SessionConfig } from '../../config/sessions.ts';
import { createDjangoDatabase } from '../../database/application/django-database.ts';
import type { ApplicationRedis } from '../../redis/application-redis.ts';
import {
  buildLaravelApplication,
  laravelSettings,
  openLaravelRedis,
  type LaravelSessions,
} from '../laravel.ts';
import { introspectSession } from './introspect.ts';
import { withClose, withApplicationDatabase } from './with-application-database.ts';

export interface VerifySessionDeps {
  readonly fetch: typeof fetch;
  readonly now: () => number;
}

/** Reads the value of a session cookie as the service does. Throws `Unavailable`. */
export function verifySession(
  cookie: string,
  sessions: SessionConfig,
  deps: VerifySessionDeps,
): Promise<Identification | LaravelResult> {
  switch (sessions.mode) {
    case 'introspect':
      return introspectSession(sessions, deps)(cookie);
    case 'django':
      return withApplicationDatabase(sessions.database, (application) => {
        const database = createDjangoDatabase(application);
        return createSessionCookieReader({ ...sessions, database }, deps)(cookie);
      });
    case 'laravel':
      return verifyLaravel(cookie, sessions, deps);
  }
}

function verifyLaravel(
  cookie: string,
  sessions: LaravelSessions,
  { now }: VerifySessionDeps,
): Promise<LaravelResult> {
  return withApplicationDatabase(sessions.database, (database) => {
    const verify = (redis?: ApplicationRedis) => {
      const application = buildLaravelApplication(sessions, { database, redis, now });
      return verifyLaravelSession(cookie, laravelSettings(sessions), { application, now });
    };
    return sessions.redis === undefined
      ? verify()
      : withClose(openLaravelRedis(sessions.redis.url), verify);
  });
}

/** Laravel encrypts the CSRF token like a session id, which it resembles, into this cookie. */
const csrfCookie = 'XSRF-TOKEN';

/** The names of the cookies that are session cookies of this Laravel application under their own names. */
export function laravelSessionNames(
  cookies: readonly { readonly name: string; readonly value: string }[],
  sessions: LaravelSessions,
): readonly string[] {
  const { keys } = laravelSettings(sessions);
  return cookies
    .filter(({ name, value }) => name !== csrfCookie && 'id' in readSessionId(value, name, keys))
    .map(({ name }) => name);
}
