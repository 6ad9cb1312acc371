import { namesCookie, type CookieNames } from '../runtime/cookie-names.ts';
import { isWildcard } from '../runtime/network/allowed-origins.ts';
import { applicationUrlProblems } from '../runtime/network/fetch-url.ts';
import type { Secret } from '../runtime/secret.ts';
import { loadLaravel, type LaravelConfig } from './laravel.ts';
import type { SettingsReader } from './read.ts';

export type SessionConfig = { readonly cookieName: string } & (
  DjangoConfig | LaravelConfig | IntrospectionConfig
);

/** Any other application, which Usher queries at `url`. */
interface IntrospectionConfig {
  readonly mode: 'introspect';
  readonly url: URL;
  readonly secret?: Secret;
  /** The cookies that are forwarded, in place of the one. */
  readonly cookies?: CookieNames;
}

/** A Django application, with Django's settings. */
export interface DjangoConfig {
  readonly mode: 'django';
  readonly engine: 'db' | 'cached_db' | 'signed_cookies';
  readonly secretKeys: readonly Secret[];
  readonly backends: readonly string[];
  readonly cookieAgeMs: number;
  readonly database: ApplicationDatabaseConfig;
}

/** The database of an application, and the time zone of its columns without one. */
export interface ApplicationDatabaseConfig {
  readonly url: Secret;
  readonly timeZone: string;
}

/** Returns `undefined` if session cookies are not accepted. */
export function loadSessions(
  read: SettingsReader,
  origins: readonly string[],
): SessionConfig | undefined {
  const mode = read.optional('SESSION_MODE');
  // An invalid mode is already a problem, and requires no other setting.
  if (mode === undefined || mode === 'off') return undefined;
  // Browsers send cookies automatically, so each allowed origin must be named.
  if (origins.length === 0 || origins.includes('*')) {
    read.problem(
      'ALLOWED_ORIGINS must name each origin, and not be *, when SESSION_MODE is not off',
    );
  } else if (origins.some(isWildcard)) {
    read.problem(
      'ALLOWED_ORIGINS must name each origin, without a wildcard, when SESSION_MODE is not off: any page below that domain could act with the cookies of its visitors',
    );
  }
  const cookieName = read.required('SESSION_COOKIE_NAME');
  if (mode !== 'introspect' && read.isSet('SESSION_COOKIES')) {
    read.problem('SESSION_COOKIES is only for SESSION_MODE=introspect');
  }
  switch (mode) {
    case 'django':
      return { cookieName, ...loadDjango(read) };
    case 'laravel':
      return { cookieName, ...loadLaravel(read) };
    case 'introspect':
      return { cookieName, ...loadIntrospection(read) };
  }
}

function loadDjango(read: SettingsReader): DjangoConfig {
  return {
    mode: 'django',
    engine: read.required('DJANGO_SESSION_ENGINE'),
    secretKeys: [
      read.required('DJANGO_SECRET_KEY'),
      ...(read.optional('DJANGO_SECRET_KEY_FALLBACKS') ?? []),
    ],
    backends: read.required('DJANGO_AUTHENTICATION_BACKENDS'),
    cookieAgeMs: read.required('DJANGO_SESSION_AGE'),
    database: {
      url: read.required('DJANGO_DATABASE_URL'),
      timeZone: read.required('DJANGO_TIME_ZONE'),
    },
  };
}

function loadIntrospection(read: SettingsReader): IntrospectionConfig {
  const text = read.required('SESSION_INTROSPECTION_URL') as Secret | undefined;
  const secret = read.optional('SESSION_INTROSPECTION_TOKEN');
  const url = new URL(text?.reveal() ?? 'https://missing.invalid');
  for (const problem of applicationUrlProblems(url)) {
    read.problem(`SESSION_INTROSPECTION_URL ${problem}`);
  }
  // The error of an invalid header would quote it.
  if (secret !== undefined && !/^[!-~]+$/.test(secret.reveal())) {
    read.problem('SESSION_INTROSPECTION_TOKEN must be printable ASCII without spaces');
  }
  const cookies = loadCookies(read);
  return {
    mode: 'introspect',
    url,
    ...(secret !== undefined && { secret }),
    ...(cookies !== undefined && { cookies }),
  };
}

function loadCookies(read: SettingsReader): CookieNames | undefined {
  const cookies = read.optional('SESSION_COOKIES');
  const name = read.isSet('SESSION_COOKIE_NAME') ? read.optional('SESSION_COOKIE_NAME') : undefined;
  if (cookies !== undefined && name !== undefined && !namesCookie(cookies, name)) {
    read.problem('SESSION_COOKIES must have the name in SESSION_COOKIE_NAME, if both are set');
  }
  return cookies;
}

/** The name of the only session cookie; `undefined` if the credential is several cookies with their names. */
export function onlyCookieName(sessions: SessionConfig): string | undefined {
  return sessions.mode === 'introspect' && sessions.cookies !== undefined
    ? undefined
    : sessions.cookieName;
}

/** The names of the session cookies. */
export function cookieNamesOf(sessions: SessionConfig): CookieNames {
  const several = sessions.mode === 'introspect' ? sessions.cookies : undefined;
  return several ?? [sessions.cookieName];
}
