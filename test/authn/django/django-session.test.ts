import { createHmac } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createDjangoSessionReader,
  type DjangoDatabase,
} from '../../../src/authn/django/django-session.ts';
import { saltedKeys } from '../../../src/authn/django/django-signature.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import {
  djangoFixtures,
  readCase,
  settingsOf,
  expectedUser,
} from '../../support/django-vectors.ts';
import type { DjangoCase, DjangoRows } from '../../support/django-vectors.ts';
import { refused } from '../refused.ts';

/** The tables of an application, in memory. */
function databaseOf(rows: DjangoRows): DjangoDatabase {
  return {
    session: (key) => {
      const row = rows.django_session.find(({ session_key }) => session_key === key);
      return Promise.resolve(
        row && { sessionData: row.session_data, expireDate: Date.parse(row.expire_date) },
      );
    },
    user: (id) => {
      const row = rows.auth_user.find((each) => String(each.id) === id);
      return Promise.resolve(
        row && {
          id: String(row.id),
          username: row.username,
          password: row.password,
          isActive: row.is_active,
          isStaff: row.is_staff,
          isSuperuser: row.is_superuser,
        },
      );
    },
  };
}

const readerOf = (one: DjangoCase, database = databaseOf(one.rows)) =>
  createDjangoSessionReader(settingsOf(one), { database, now: () => one.now * 1000 });

describe.each(djangoFixtures)('$name', ({ cases, stricter }) => {
  it.each(cases)('$id: $why', async (one) => {
    expect(await readCase(one, readerOf(one))).toEqual(expectedUser(one));
  });

  it(`has the result of Django, except for ${stricter.length} of ${cases.length} cases in which Usher is stricter`, () => {
    console.log(`Stricter than Django: ${stricter.map(({ id }) => id).join(', ')}`);
    expect(stricter.length).toBeGreaterThan(0);
  });
});

const [stored, inCookies] = djangoFixtures.map(({ cases }) => cases[0]!) as [
  DjangoCase,
  DjangoCase,
];
const large = djangoFixtures[1]!.cases.find(({ id }) => id === 'valid-large-compressed')!;

const rejected = refused('credential-rejected');

/** Signs as Django does, so that only what a test changes is wrong. */
function signed(
  one: DjangoCase,
  body: string,
  { seconds = one.now, salt = cookieSalt } = {},
): string {
  const [key] = saltedKeys(`${salt}signer`, [new Secret(one.settings.SECRET_KEY)]);
  const text = `${body}:${base62(Math.floor(seconds))}`;
  return `${text}:${createHmac('sha256', key!).update(text).digest('base64url')}`;
}

const cookieSalt = 'django.contrib.sessions.backends.signed_cookies';
const storedSalt = 'django.contrib.sessions.SessionStore';

function base62(number: number): string {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const rest = Math.floor(number / 62);
  return (rest > 0 ? base62(rest) : '') + digits[number % 62]!;
}

const bodyOf = ({ cookie }: DjangoCase) => cookie.split(':')[0]!;
const compressed = (text: string) => `.${deflateSync(text).toString('base64url')}`;

describe('a session in the database', () => {
  it('has the expiry of its row, and an id that is not the session key', async () => {
    const [row] = stored.rows.django_session;
    const identified = await readerOf(stored)(stored.cookie);
    expect(identified).toEqual({
      principal: {
        kind: 'visitor',
        id: '1',
        name: 'alice',
        roles: [],
        attributes: { is_staff: false, is_superuser: false },
        expiresAt: Date.parse(row!.expire_date),
        tokenId: expect.stringMatching(/^django:[0-9a-f]{64}$/) as string,
      },
    });
    expect(JSON.stringify(identified)).not.toContain(stored.cookie);
  });

  it('expires at its end, to the millisecond', async () => {
    const end = Date.parse(stored.rows.django_session[0]!.expire_date);
    const at = (now: number) =>
      createDjangoSessionReader(settingsOf(stored), {
        database: databaseOf(stored.rows),
        now: () => now,
      })(stored.cookie);
    expect(await at(end - 1)).toHaveProperty('principal');
    expect(await at(end)).toEqual(refused('credential-expired'));
  });

  it('is read from the cached_db engine in the same way', async () => {
    const settings = { ...settingsOf(stored), engine: 'cached_db' } as const;
    const around = { database: databaseOf(stored.rows), now: () => stored.now * 1000 };
    const read = createDjangoSessionReader(settings, around);
    expect(await read(stored.cookie)).toEqual(await readerOf(stored)(stored.cookie));
  });

  it('is not looked up if its key is not a valid session key', async () => {
    const database: DjangoDatabase = {
      session: () => Promise.reject(new Error('asked')),
      user: () => Promise.reject(new Error('asked')),
    };
    const { cookie } = stored;
    for (const text of [
      '',
      'a',
      `${cookie}a`,
      cookie.toUpperCase(),
      `${cookie.slice(1)}\n`,
      `"${cookie}`,
    ]) {
      expect(await readerOf(stored, database)(text)).toEqual(refused('credential-malformed'));
    }
  });

  it('is neither valid nor invalid while the database does not respond', async () => {
    const down = () => Promise.reject(new Unavailable('host database'));
    const whole = databaseOf(stored.rows);
    for (const database of [
      { ...whole, session: down },
      { ...whole, user: down },
    ]) {
      await expect(readerOf(stored, database)(stored.cookie)).rejects.toBeInstanceOf(Unavailable);
    }
  });

  it('is not accepted with the signature of a cookie, nor the reverse', async () => {
    const moved = {
      ...inCookies,
      settings: { ...inCookies.settings, SESSION_ENGINE: 'x.db' },
      rows: {
        ...inCookies.rows,
        django_session: [
          { ...stored.rows.django_session[0]!, session_data: signed(inCookies, bodyOf(inCookies)) },
        ],
      },
    };
    expect(await readerOf(moved)(stored.cookie)).toEqual(rejected);
    const other = signed(inCookies, bodyOf(inCookies), { salt: storedSalt });
    expect(await readerOf(inCookies)(other)).toEqual(rejected);
  });
});

describe('a session in its cookie', () => {
  const read = readerOf(inCookies);

  it('lasts as long as the cookie age, counted from its signature', async () => {
    const age = inCookies.settings.SESSION_COOKIE_AGE;
    const now = Math.floor(inCookies.now);
    const madeAt = (seconds: number) =>
      createDjangoSessionReader(settingsOf(inCookies), {
        database: databaseOf(inCookies.rows),
        now: () => now * 1000,
      })(signed(inCookies, bodyOf(inCookies), { seconds }));
    expect(await madeAt(now - age)).toHaveProperty('principal.expiresAt', now * 1000);
    expect(await madeAt(now - age - 1)).toEqual(refused('credential-expired'));
    expect(await madeAt(now + 30)).toHaveProperty('principal');
    expect(await madeAt(now + 31)).toEqual(rejected);
  });

  it('has no issue time, because Django signs it again after each change', async () => {
    expect(await read(inCookies.cookie)).toMatchObject({
      principal: { kind: 'visitor', issuedAt: undefined },
    });
  });

  it('is decompressed up to 1 MiB, however small its compressed size', async () => {
    const login = Buffer.from(bodyOf(inCookies).slice(1), 'base64url');
    const padded = (length: number) => signed(inCookies, compressed(' '.repeat(length)));
    // White space alone is no object in either case; the second one must be decompressed first.
    expect(await read(padded(64 * 1024 * 1024))).toEqual(rejected);
    const session = inflateSync(login).toString();
    const filled = (total: number) =>
      signed(inCookies, compressed(session + ' '.repeat(total - session.length)));
    expect(await read(filled(1024 * 1024))).toHaveProperty('principal');
    expect(await read(filled(1024 * 1024 + 1))).toEqual(rejected);
  });

  it.each([
    ['no JSON', 'hello'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a user id that is a number', JSON.stringify({ _auth_user_id: 1 })],
    ['text that is not UTF-8', Buffer.from('{"a":"\xff"}', 'latin1')],
    ['nothing', ''],
  ])('is refused with %s inside', async (_name, payload) => {
    const body = Buffer.from(payload).toString('base64url');
    expect(await read(signed(inCookies, body))).toEqual(rejected);
    expect(await read(signed(inCookies, `.${deflateSync(payload).toString('base64url')}`))).toEqual(
      rejected,
    );
  });

  it('is refused in another spelling of base64url, even with a valid signature', async () => {
    const body = bodyOf(inCookies);
    expect(await read(signed(inCookies, body))).toHaveProperty('principal');
    for (const spelling of [
      `${body}=`,
      `${body}==`,
      `.${body}`,
      `${body.slice(0, 9)} ${body.slice(9)}`,
    ]) {
      expect(await read(signed(inCookies, spelling))).toEqual(rejected);
    }
  });

  it('is refused if it is not deflated, or truncated', async () => {
    const body = bodyOf(inCookies);
    for (const each of ['.', '.AAAA', body.slice(0, -8), body.slice(1)]) {
      expect(await read(signed(inCookies, each))).toEqual(rejected);
    }
  });
});

describe('keys', () => {
  it('are tried in order, with the fallbacks for the signature and for the password hash', async () => {
    const settings = settingsOf(inCookies);
    const withKeys = (...keys: string[]) =>
      createDjangoSessionReader(
        { ...settings, secretKeys: keys.map((key) => new Secret(key)) },
        { database: databaseOf(inCookies.rows), now: () => inCookies.now * 1000 },
      )(inCookies.cookie);
    const old = inCookies.settings.SECRET_KEY;
    expect(await withKeys('new', 'older', old)).toHaveProperty('principal');
    expect(await withKeys('new', 'older')).toEqual(rejected);
    expect(await withKeys()).toEqual(rejected);
  });
});

describe('a mutated cookie', () => {
  const reads = [inCookies, large].map((one) => ({ one, read: readerOf(one) }));
  const character = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
  const change = fc.record({
    which: fc.constantFrom(...reads),
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.string({ unit: character, maxLength: 3 }),
  });

  it('is never accepted', async () => {
    const verify = fc.asyncProperty(
      change,
      async ({ which: { one, read }, at, remove, insert }) => {
        const { cookie } = one;
        const start = at % (cookie.length + 1);
        const mutated = cookie.slice(0, start) + insert + cookie.slice(start + remove);
        fc.pre(mutated !== cookie);
        expect(await read(mutated)).toEqual(rejected);
      },
    );
    await fc.assert(verify, { numRuns: 2000 });
  });

  it('is never accepted as a database session', async () => {
    const [row] = stored.rows.django_session;
    const verify = fc.asyncProperty(change, async ({ at, remove, insert }) => {
      const { session_data } = row!;
      const start = at % (session_data.length + 1);
      const mutated = session_data.slice(0, start) + insert + session_data.slice(start + remove);
      fc.pre(mutated !== session_data);
      const rows = { ...stored.rows, django_session: [{ ...row!, session_data: mutated }] };
      expect(await readerOf(stored, databaseOf(rows))(stored.cookie)).toEqual(rejected);
    });
    await fc.assert(verify, { numRuns: 1000 });
  });
});
