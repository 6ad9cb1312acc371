import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LaravelApplication } from '../../../src/authn/laravel/laravel-application.ts';
import { verifyLaravelSession } from '../../../src/authn/laravel/laravel-session.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import {
  expectedUser,
  applicationOf,
  isStricter,
  laravelFixtures,
  readCase,
  readerOf,
  settingsOf,
} from '../../support/laravel-vectors.ts';
import type { LaravelCase } from '../../support/laravel-vectors.ts';

describe.each(laravelFixtures)('sessions of Laravel $version', ({ cases, skipped }) => {
  it.each(cases)('$id: $why', async (one) => {
    expect(await readCase(one)).toEqual(expectedUser(one));
  });

  it('have the result of Laravel, except for those that only Laravel accepts', () => {
    const refused = cases.filter(isStricter).map(({ id }) => id);
    console.log(`Stricter than Laravel: ${refused.join(', ')}`);
    console.log(`Skipped: ${skipped} sessions of the cookie driver, which is not supported.`);
    expect(refused.length).toBeLessThan(cases.length / 5);
  });
});

const caseOf = (id: string): LaravelCase =>
  laravelFixtures.flatMap(({ cases }) => cases).find((one) => one.id === id)!;
const valid = caseOf('login-aes-256-cbc');
const [row] = valid.rows.sessions;

describe('a session', () => {
  it('authenticates a visitor without privileges until its expiry, with an id that is not the session id', async () => {
    const identified = await readerOf(valid)!(valid.cookie);
    expect(identified).toEqual({
      principal: {
        kind: 'visitor',
        id: '15',
        roles: [],
        attributes: { is_staff: false, is_superuser: false },
        expiresAt: (row!.last_activity + 7200 + 1) * 1000,
        tokenId: `laravel:${createHash('sha256').update(row!.id).digest('hex')}`,
      },
    });
    expect(JSON.stringify(identified)).not.toContain(row!.id);
  });

  it('keeps its id when Laravel renews the cookie, as it does in each response', async () => {
    const tokenIds = await Promise.all(
      ['login-aes-256-cbc', 'padding-raw'].map(async (id) => {
        const one = caseOf(id);
        const identified = await readerOf(one)!(one.cookie);
        return 'principal' in identified ? identified.principal.tokenId : undefined;
      }),
    );
    expect(tokenIds.every((tokenId) => tokenId?.startsWith('laravel:'))).toBe(true);
  });

  it('is neither valid nor invalid while the application does not respond', async () => {
    const down = () => Promise.reject(new Unavailable('host database'));
    for (const application of [
      { ...applicationOf(valid), session: down },
      { ...applicationOf(valid), user: down },
    ]) {
      await expect(readerOf(valid, application)!(valid.cookie)).rejects.toBeInstanceOf(Unavailable);
    }
  });

  it('is not looked up before its cookie is verified', async () => {
    const unexpected = () => Promise.reject(new Error('Unexpected query'));
    const application: LaravelApplication = { session: unexpected, user: unexpected };
    for (const id of ['mac-flipped', 'iv-flipped', 'other-cookie-name', 'id-39', 'id-hyphen']) {
      expect(await readerOf(caseOf(id), application)!(caseOf(id).cookie)).toHaveProperty('fault');
    }
  });
});

describe('a setting that does not match', () => {
  it.each([
    ['truncated-3', 'malformed'],
    ['gcm-cookie-cbc-setting', 'malformed'],
    ['rotated-without-previous', 'unknown-key'],
    ['other-cookie-name', 'cookie-name'],
    ['id-39', 'id'],
    ['row-deleted', 'session'],
    ['redis-other-prefix', 'session'],
    ['lifetime-1s-over', 'expired'],
    ['payload-not-base64', 'driver'],
    ['rotated-encrypted-payload-lost', 'encryption'],
    ['encrypt-off-encrypted-row', 'serialization'],
    ['php-setting-json-row', 'serialization'],
    ['guest', 'login'],
    ['admin-only-ask-web', 'login'],
    ['user-deleted', 'user'],
    ['as-password-changed', 'password'],
  ])('in %s is reported as the part %s', async (id, mismatch) => {
    const one = caseOf(id);
    const deps = { application: applicationOf(one), now: () => one.now * 1000 };
    expect(await verifyLaravelSession(one.cookie, settingsOf(one)!, deps)).toMatchObject({
      mismatch,
    });
    // The audit row and the log have the reason as the name of a check.
    expect(await readerOf(one)!(one.cookie)).toMatchObject({
      detail: expect.stringMatching(/^[^.]{10,80}$/) as unknown,
    });
  });

  it.each([
    ['php', 'a:0:{}'],
    ['json', '{}'],
  ] as const)(
    'for a session without a user, in %s, is reported as the part login',
    async (serialization, content) => {
      const settings = { ...settingsOf(valid)!, format: { serialization, encrypted: false } };
      const stored = { content: Buffer.from(content), expiresAt: Number.MAX_SAFE_INTEGER };
      const application = { ...applicationOf(valid), session: () => Promise.resolve(stored) };
      expect(
        await verifyLaravelSession(valid.cookie, settings, { application, now: () => 0 }),
      ).toEqual({
        mismatch: 'login',
        logins: [],
      });
    },
  );

  it('lists the logins of the session', async () => {
    const one = caseOf('admin-only-ask-web');
    const deps = { application: applicationOf(one), now: () => one.now * 1000 };
    expect(await verifyLaravelSession(one.cookie, settingsOf(one)!, deps)).toEqual({
      mismatch: 'login',
      logins: ['login_admin_59ba36addc2b2f9401580f014c7f58ea4e30989d'],
    });
  });
});
