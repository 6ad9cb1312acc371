import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createOnlyVerifier } from '../../authn/jwt/verifier.ts';
import { createTokenKeys } from '../../../src/authn/token-issuers.ts';
import { createPassportReader } from '../../../src/authn/passport.ts';
import { createAccessTokens } from '../../../src/database/application/access-tokens.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import {
  describeTokenApplications,
  type TokenApplication,
} from '../../support/laravel-token-applications.ts';
import { testNow } from '../../support/tokens.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** phpseclib, which writes Passport's keys, ends lines with CR LF. */
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '\r\n');

/** 40 random bytes in hex, as League's OAuth server makes them. */
const jti = 'e1'.repeat(40);
const year = 366 * 24 * 3600;
const seconds = testNow / 1000;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The claims of an access token of Passport, whose times have fractions. */
const claimsOf = (changes: object) => ({
  aud: '3',
  jti,
  iat: seconds - 60.25,
  nbf: seconds - 60.25,
  exp: seconds + year - 60.25,
  sub: '15',
  scopes: ['orders'],
  ...changes,
});

function tokenOf(changes: object = {}, key = privateKey): string {
  const input = `${encode({ typ: 'JWT', alg: 'RS256' })}.${encode(claimsOf(changes))}`;
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}

const written = (time: number) => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

const rejected = (detail: string) => ({ fault: 'credential-rejected', detail });

function readerOf(host: TokenApplication, timeZone?: string) {
  const client = timeZone === undefined ? host.client : host.clientIn(timeZone);
  const now = () => testNow;
  return createPassportReader({
    verifier: createOnlyVerifier({
      keys: createTokenKeys({ publicKey: pem }, { fetch, now }),
      now,
    }),
    find: createAccessTokens(client),
    now,
  });
}

function itReads(host: TokenApplication, sub: string) {
  const put = (changes: Readonly<Record<string, string | boolean | null>> = {}) =>
    host.put('oauth_access_tokens', [
      {
        id: jti,
        user_id: sub,
        client_id: 3,
        name: null,
        scopes: '["orders"]',
        revoked: false,
        expires_at: written(testNow + year * 1000),
        ...changes,
      },
    ]);

  it('accepts the token of a row', async () => {
    await put();
    expect(await readerOf(host)(tokenOf({ sub }))).toEqual({
      principal: {
        kind: 'user',
        id: sub,
        roles: [],
        tenantId: undefined,
        tokenId: jti,
        issuedAt: testNow - 60_250,
        expiresAt: testNow + year * 1000 - 60_250,
      },
    });
    await put({ expires_at: null });
    expect(await readerOf(host)(tokenOf({ sub }))).toHaveProperty('principal.id', sub);
  });

  it.each([
    ['is revoked', { revoked: true }, 'row of the token in oauth_access_tokens is not revoked'],
    ['is of no user', { user_id: null }, 'user_id of the token in oauth_access_tokens is its sub'],
    ['does not exist', { id: 'e2'.repeat(40) }, 'token has a row in oauth_access_tokens'],
    ['has another case', { id: jti.toUpperCase() }, 'token has a row in oauth_access_tokens'],
    ['is longer', { id: `${jti}0` }, 'token has a row in oauth_access_tokens'],
  ] as const)('refuses a token whose row %s', async (_name, row, detail) => {
    await put(row);
    expect(await readerOf(host)(tokenOf({ sub }))).toEqual(rejected(detail));
  });

  it('refuses a token after expires_at of its row, in the time zone of the host', async () => {
    await put({ expires_at: written(testNow) });
    const expired = {
      fault: 'credential-expired',
      detail: 'expires_at of the token in oauth_access_tokens is in the future',
    };
    expect(await readerOf(host)(tokenOf({ sub }))).toEqual(expired);
    expect(await readerOf(host, 'America/New_York')(tokenOf({ sub }))).toHaveProperty('principal');
    await put({ expires_at: written(testNow + 1_000) });
    expect(await readerOf(host)(tokenOf({ sub }))).toHaveProperty('principal');
  });

  it('refuses the row of another user, and other spellings of the user id', async () => {
    await put();
    for (const other of ['16', `0${sub}`, `${sub} `, ` ${sub}`, `+${sub}`, `${sub}.0`, `${sub}x`]) {
      expect(await readerOf(host)(tokenOf({ sub: other }))).toEqual(
        rejected('user_id of the token in oauth_access_tokens is its sub'),
      );
    }
  });

  it.each<[string, unknown]>([
    ['a trailing space', `${jti} `],
    ['upper case', jti.toUpperCase()],
    ['SQL', `' OR '1'='1`],
    ['SQL of MySQL', `x" OR 1=1 -- `],
    ['a wildcard', '%'],
    ['an emoji', '😀'],
    ['a number', 7],
    ['the number 2^53', 2 ** 53 - 1],
  ])('finds no row by a jti with %s', async (_name, other) => {
    await put();
    expect(await readerOf(host)(tokenOf({ sub, jti: other }))).toEqual(
      rejected('token has a row in oauth_access_tokens'),
    );
  });

  it.each<[unknown, string]>([
    [undefined, 'nothing'],
    [null, 'null'],
    ['', 'an empty text'],
    [['a'], 'a list'],
    [{ id: jti }, 'an object'],
    [2 ** 63, 'a number'],
    [true, 'a boolean'],
    [`${jti}\0`, 'a text'],
    ['x'.repeat(8_000), 'a text'],
  ])('refuses the jti %j', async (other, found) => {
    await put();
    expect(await readerOf(host)(tokenOf({ sub, jti: other }))).toEqual(
      rejected(
        `claim jti is a printable text of 1 to 255 characters or a whole number from 0 to 2^53 − 1: found ${found}`,
      ),
    );
  });

  it('refuses the token of a client without a user', async () => {
    await put({ user_id: null });
    expect(await readerOf(host)(tokenOf({ sub: '' }))).toHaveProperty(
      'fault',
      'credential-rejected',
    );
    expect(await readerOf(host)(tokenOf({ sub: '3' }))).toHaveProperty(
      'fault',
      'credential-rejected',
    );
  });
}

describe('Passport', () => {
  describeTokenApplications('tokens of users with integer ids', { keys: 'bigint' }, (host) => {
    itReads(host, '15');

    it('fails while the table cannot be read', async () => {
      await host.run('ALTER TABLE oauth_access_tokens RENAME TO hidden');
      await expect(readerOf(host)(tokenOf())).rejects.toBeInstanceOf(Unavailable);
      await host.run('ALTER TABLE hidden RENAME TO oauth_access_tokens');
    });
  });
  describeTokenApplications('tokens of users with UUIDs', { keys: 'uuid' }, (host) => {
    itReads(host, '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b');
  });
});
