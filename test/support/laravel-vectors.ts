import { readFileSync } from 'node:fs';
import { readAppKey, type LaravelCipher } from '../../src/authn/laravel/app-key.ts';
import { laravelKeys } from '../../src/authn/laravel/encrypter.ts';
import {
  sessionOfCache,
  sessionOfRow,
  type LaravelApplication,
  type LaravelSettings,
} from '../../src/authn/laravel/laravel-application.ts';
import { createLaravelSessionReader } from '../../src/authn/laravel/laravel-session.ts';
import type { CredentialReader } from '../../src/authn/credential.ts';
import { findSession } from '../../src/http/input/session-cookie.ts';
import { Secret } from '../../src/runtime/secret.ts';

export interface LaravelUserRow {
  readonly id: number | string;
  readonly password: string | null;
  readonly deleted_at?: string | null;
}

/** Rows of an application's tables, files and keys, as a case records them. `last_activity` and `mtime` are in seconds. */
export interface LaravelRows {
  readonly sessions: readonly {
    readonly id: string;
    readonly payload: string;
    readonly last_activity: number;
  }[];
  readonly users?: readonly LaravelUserRow[];
  readonly admins?: readonly LaravelUserRow[];
  readonly files?: readonly {
    readonly name: string;
    readonly content_base64: string;
    readonly mtime: number;
  }[];
  readonly redis?: readonly {
    readonly key: string;
    readonly value_base64: string;
    readonly ttl: number;
  }[];
}

/** A session that a real Laravel created and evaluated. `now` is in seconds since the epoch. */
export interface LaravelCase {
  readonly id: string;
  readonly why: string;
  readonly now: number;
  readonly cookie: string;
  readonly cookie_header?: string;
  readonly settings: {
    readonly APP_KEY: string;
    readonly APP_PREVIOUS_KEYS: string;
    readonly cipher: LaravelCipher;
    readonly session_cookie: string;
    readonly session_lifetime_minutes: number;
    readonly driver: 'database' | 'file' | 'redis' | 'cookie';
    readonly encrypt: boolean;
    readonly serialization: 'php' | 'json';
    readonly guard: string;
    readonly guard_class: string;
    readonly provider_table: 'users' | 'admins';
    readonly authenticate_session: boolean;
    readonly soft_deletes: boolean;
    readonly key_type: 'int' | 'uuid';
    readonly redis_prefix?: string;
    readonly cache_prefix?: string;
  };
  readonly rows: LaravelRows;
  readonly laravel_says: { readonly ok: boolean; readonly user_id: string | null };
  /** Laravel accepts it, but neither Laravel nor a browser makes it. */
  readonly only_lenient?: boolean;
  /** A remember cookie logs the visitor in, which Usher does not read. */
  readonly by_remember_cookie?: boolean;
}

/** Sessions that Laravel accepts and Usher refuses on purpose. Usher accepts the other ones of `only_lenient`. */
const stricter: ReadonlySet<string> = new Set([
  ...['cbc-tag-zero', 'stray-characters', 'base64-url', 'gcm-value-stray'],
  ...['header-quoted', 'header-twice-good-first', 'header-name-with-dot', 'l8-quoted'],
]);

export function isStricter({ id, only_lenient, by_remember_cookie }: LaravelCase): boolean {
  if (stricter.has(id) && only_lenient !== true) throw new Error(`${id} is not lenient`);
  return by_remember_cookie === true || stricter.has(id);
}

const isVersion8 = ({ id }: LaravelCase) => id.startsWith('l8-');

/** The cookie driver has no server to query: the whole session is in a second cookie. */
const isSupported = ({ settings }: LaravelCase) => settings.driver !== 'cookie';

/** The recorded sessions, by version. */
export const laravelFixtures = ['8.83.26', '12.64.0', '13.26.1'].map((version) => {
  const file = new URL(`../vectors/laravel/laravel-${version}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly LaravelCase[] };
  return {
    version,
    cases: cases.filter(isSupported),
    skipped: cases.length - cases.filter(isSupported).length,
  };
});

/** The settings of a case. `undefined` if Usher does not start with its keys. */
export function settingsOf(one: LaravelCase): LaravelSettings | undefined {
  const { settings } = one;
  const { APP_KEY, APP_PREVIOUS_KEYS, cipher } = settings;
  const previous = APP_PREVIOUS_KEYS.split(',').filter((key) => key !== '');
  const keys = [APP_KEY, ...previous].map((key) => readAppKey(key, cipher));
  if (keys.some((key) => 'problem' in key)) return undefined;
  return {
    cookieName: settings.session_cookie,
    keys: laravelKeys(
      cipher,
      keys.flatMap((key) => ('bytes' in key ? [key.bytes] : [])),
    ),
    appKey: new Secret(APP_KEY),
    // Version 8 ignores the setting.
    format: {
      serialization: isVersion8(one) ? 'php' : settings.serialization,
      encrypted: settings.encrypt,
    },
    guard: settings.guard,
    guardClass: settings.guard_class,
    checksPassword: settings.authenticate_session,
  };
}

export const lifetimeOf = ({ settings }: LaravelCase) => settings.session_lifetime_minutes * 60_000;

/** The key of a session in Redis, without the id. Version 8 writes a colon after the cache's prefix. */
export const keyPrefixOf = (one: LaravelCase) =>
  `${one.settings.redis_prefix ?? ''}${one.settings.cache_prefix ?? ''}${isVersion8(one) ? ':' : ''}`;

/** The application of a case, in memory. */
export function applicationOf(one: LaravelCase): LaravelApplication {
  const { rows, now, settings } = one;
  const lifetimeMs = lifetimeOf(one);
  const find = (id: string) => {
    if (settings.driver === 'file') {
      const file = rows.files?.find(({ name }) => name === id);
      return (
        file && {
          content: Buffer.from(file.content_base64, 'base64'),
          expiresAt: (file.mtime + 1) * 1000 + lifetimeMs,
        }
      );
    }
    if (settings.driver === 'redis') {
      const entry = rows.redis?.find(({ key }) => key === `${keyPrefixOf(one)}${id}`);
      const value = Buffer.from(entry?.value_base64 ?? '', 'base64');
      return (
        entry &&
        sessionOfCache({ value, remainingMs: entry.ttl * 1000 }, { now: now * 1000, lifetimeMs })
      );
    }
    const row = rows.sessions.find((each) => each.id === id);
    return (
      row && sessionOfRow({ payload: row.payload, lastActivity: row.last_activity }, lifetimeMs)
    );
  };
  return {
    session: (id) => Promise.resolve(find(id)),
    user: (id) => {
      const user = rows[settings.provider_table]?.find((each) => String(each.id) === id);
      const isDeleted = settings.soft_deletes && user?.deleted_at != null;
      return Promise.resolve(user && !isDeleted ? { ...user, id } : undefined);
    },
  };
}

/** The reader of a case. `undefined` if Usher does not start with its settings. */
export function readerOf(
  one: LaravelCase,
  application = applicationOf(one),
): CredentialReader | undefined {
  const settings = settingsOf(one);
  return (
    settings && createLaravelSessionReader(settings, { application, now: () => one.now * 1000 })
  );
}

/** The id of the logged-in user, or `null`. */
export function expectedUser(one: LaravelCase): string | null {
  return one.laravel_says.ok && !isStricter(one) ? one.laravel_says.user_id : null;
}

/** Runs a reader on the cookie of a case, in its own `Cookie` header. */
export async function readCase(
  one: LaravelCase,
  read: CredentialReader | undefined = readerOf(one),
): Promise<string | null> {
  const { session_cookie: cookieName } = one.settings;
  const { cookie, cookie_header = `${cookieName}=${cookie}` } = one;
  const page = 'https://host.example';
  const mode = { cookies: [cookieName], isOnly: true, allowedOrigins: [page], isPhp: true };
  const session = findSession(['Cookie', cookie_header, 'Origin', page], mode);
  if (typeof session === 'string') return null;
  const identified = await read?.(session.value.reveal());
  if (identified === undefined || 'fault' in identified) return null;
  const { principal } = identified;
  if (principal.kind !== 'visitor') throw new Error('It must be a visitor');
  return principal.id;
}
