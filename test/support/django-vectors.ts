import { readFileSync } from 'node:fs';
import { Secret } from '../../src/runtime/secret.ts';
import type { ApplicationUser } from '../../src/authn/visitor.ts';
import type { DjangoSessionEngine, DjangoSettings } from '../../src/authn/django/django-session.ts';
import type { CredentialReader } from '../../src/authn/credential.ts';
import { findSession } from '../../src/http/input/session-cookie.ts';

/** Rows of an application's tables as a fixture records them; `expire_date` in ISO 8601 with its zone. */
export interface DjangoRows {
  readonly django_session: readonly {
    readonly session_key: string;
    readonly session_data: string;
    readonly expire_date: string;
  }[];
  readonly auth_user: readonly {
    readonly id: number | string;
    readonly username: string;
    readonly password: string;
    readonly is_active: boolean;
    readonly is_staff: boolean;
    readonly is_superuser: boolean;
  }[];
}

/** A session that a real Django created and evaluated; `now` in seconds since the epoch. */
export interface DjangoCase {
  readonly id: string;
  readonly why: string;
  readonly now: number;
  readonly cookie: string;
  readonly cookie_header?: string;
  readonly settings: {
    readonly SECRET_KEY: string;
    readonly SECRET_KEY_FALLBACKS: readonly string[];
    readonly SESSION_ENGINE: string;
    readonly SESSION_COOKIE_NAME: string;
    readonly SESSION_COOKIE_AGE: number;
    readonly AUTHENTICATION_BACKENDS: readonly string[];
  };
  readonly rows: DjangoRows;
  readonly django_says: {
    readonly ok: boolean;
    readonly user_id: string | null;
    readonly username: string | null;
    readonly is_staff: boolean;
    readonly is_superuser: boolean;
  };
  readonly note?: string;
}

/** Cases that Django accepts and Usher refuses on purpose, with the words of the note that document this. */
const stricter: Readonly<Record<string, string>> = {
  'two-cookies-good-last': 'A strict service should refuse duplicates',
  'inactive-allowed-by-backend': 'a strict service refuses inactive users',
  'legacy-sha1-format': 'Refuse it',
};

/** True for one of those cases; throws if its note does not document this. */
export function isStricter({ id, note }: DjangoCase): boolean {
  const words = stricter[id];
  if (words !== undefined && note?.includes(words) !== true) throw new Error(`No note on ${id}`);
  return words !== undefined;
}

/** Sets of sessions that real Djangos recorded, by file. */
export const djangoFixtures = ['fixtures-django3.2-db', 'fixtures-django5.2-signed_cookies'].map(
  (name) => {
    const file = new URL(`../vectors/django/${name}.json`, import.meta.url);
    const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly DjangoCase[] };
    return { name, cases, stricter: cases.filter(isStricter) };
  },
);

/** The application's settings of a case. */
export function settingsOf({ settings }: DjangoCase): DjangoSettings {
  return {
    engine: settings.SESSION_ENGINE.split('.').at(-1) as DjangoSessionEngine,
    secretKeys: [settings.SECRET_KEY, ...settings.SECRET_KEY_FALLBACKS].map(
      (key) => new Secret(key),
    ),
    backends: settings.AUTHENTICATION_BACKENDS,
    cookieAgeMs: settings.SESSION_COOKIE_AGE * 1000,
  };
}

/** The user of a session, with the attributes that Django reports too; `undefined` without a user. */
export type ExpectedUser = ApplicationUser | undefined;

/** The expected result of a case: that of Django, except for the stricter ones. */
export function expectedUser(one: DjangoCase): ExpectedUser {
  const { ok, user_id, username, is_staff, is_superuser } = one.django_says;
  if (!ok || isStricter(one)) return undefined;
  return { id: user_id!, name: username!, isStaff: is_staff, isSuperuser: is_superuser };
}

/** Runs a reader on the cookie of a case, in its own `Cookie` header. */
export async function readCase(one: DjangoCase, read: CredentialReader): Promise<ExpectedUser> {
  const { cookie, cookie_header = `sessionid=${cookie}`, settings } = one;
  const page = 'https://host.example';
  const session = findSession(['Cookie', cookie_header, 'Origin', page], {
    cookies: [settings.SESSION_COOKIE_NAME],
    isOnly: true,
    allowedOrigins: [page],
  });
  if (typeof session === 'string') return undefined;
  const identified = await read(session.value.reveal());
  if ('fault' in identified || identified.principal.kind !== 'visitor') return undefined;
  const { id, name, attributes } = identified.principal;
  const flag = (key: string) => attributes?.[key] as boolean;
  return { id, name: name!, isStaff: flag('is_staff'), isSuperuser: flag('is_superuser') };
}
