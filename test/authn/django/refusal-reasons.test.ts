import { describe, expect, it } from 'vitest';
import { createDjangoSessionReader } from '../../../src/authn/django/django-session.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { djangoFixtures, settingsOf, type DjangoCase } from '../../support/django-vectors.ts';

const stored = djangoFixtures[0]!.cases[0]!;
const inCookies = djangoFixtures[1]!.cases[0]!;

type Row = Readonly<Record<string, unknown>>;

interface Changes {
  readonly cookie?: string;
  readonly now?: number;
  readonly session?: Row | null;
  readonly user?: Row | null;
  readonly settings?: Partial<ReturnType<typeof settingsOf>>;
}

/** The reason for which a session is refused after a change. */
async function reasonOf(one: DjangoCase, changes: Changes): Promise<unknown> {
  const { now = one.now * 1000, cookie = one.cookie, settings } = changes;
  const [session] = one.rows.django_session;
  const [user] = one.rows.auth_user;
  const row = session && {
    sessionData: session.session_data,
    expireDate: Date.parse(session.expire_date),
  };
  const account = {
    id: String(user!.id),
    username: user!.username,
    password: user!.password,
    isActive: user!.is_active,
    isStaff: user!.is_staff,
    isSuperuser: user!.is_superuser,
  };
  const read = createDjangoSessionReader(
    { ...settingsOf(one), ...settings },
    {
      now: () => now,
      database: {
        session: () =>
          Promise.resolve(changes.session === null ? undefined : { ...row!, ...changes.session }),
        user: () =>
          Promise.resolve(changes.user === null ? undefined : { ...account, ...changes.user }),
      },
    },
  );
  const result = await read(cookie);
  return 'fault' in result ? result.detail : result;
}

const otherKey = { secretKeys: [new Secret('another')] };
const year = 365 * 24 * 60 * 60 * 1000;

describe('the reason of a refused session of Django', () => {
  it.each<[string, Changes, string]>([
    [
      'another cookie',
      { cookie: 'abc' },
      'session cookie is a key of 32 lower-case letters and digits',
    ],
    ['no row', { session: null }, 'session has a row in django_session'],
    [
      'a row that has expired',
      { session: { expireDate: 0 } },
      'expire_date of the session is in the future',
    ],
    [
      'another secret key',
      { settings: otherKey },
      'DJANGO_SECRET_KEY or a fallback has signed the session',
    ],
    [
      'another backend',
      { settings: { backends: ['ldap'] } },
      'backend of the login is in DJANGO_AUTHENTICATION_BACKENDS',
    ],
    ['no user', { user: null }, 'user of the session has a row in auth_user'],
    ['a user who is not active', { user: { isActive: false } }, 'user of the session is active'],
    ['a new password', { user: { password: 'new' } }, 'password of the user is that of the login'],
  ])('with %s is a condition', async (_name, changes, reason) => {
    expect(await reasonOf(stored, {})).toHaveProperty('principal');
    expect(await reasonOf(stored, changes)).toBe(reason);
  });

  it.each<[string, Changes, string]>([
    [
      'another secret key',
      { settings: otherKey },
      'DJANGO_SECRET_KEY or a fallback has signed the session',
    ],
    [
      'a later time',
      { now: inCookies.now * 1000 + year },
      'session was signed within DJANGO_SESSION_AGE',
    ],
    ['an earlier time', { now: inCookies.now * 1000 - year }, 'session was signed in the past'],
  ])('in a cookie with %s is a condition', async (_name, changes, reason) => {
    expect(await reasonOf(inCookies, changes)).toBe(reason);
  });
});
