import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createSanctumReader, type SanctumSettings } from '../../../src/authn/sanctum.ts';
import {
  createPersonalAccessTokens,
  findTokenProblem,
} from '../../../src/database/application/personal-access-tokens.ts';
import { maxTime } from '../../../src/policy/principal.ts';
import {
  describeTokenApplications,
  type TokenApplication,
} from '../../support/laravel-token-applications.ts';
import { testNow } from '../../support/tokens.ts';

const secret = 'mHy3x2Tg0cXbVq8sR5kLw9nZd7jPfA4uE6oYtQ1b2f3c4d5e';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hash = sha256(secret);
const hour = 3_600_000;
/** Laravel's format of a time: seconds in the application's time zone, without an offset. */
const written = (time: number) => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

interface Row {
  readonly id?: string;
  readonly type?: string;
  readonly holder?: string;
  readonly token?: string;
  readonly expires?: number | null;
  readonly created?: number | null;
}

const rejected = (detail: string) => ({ fault: 'credential-rejected', detail });
const noRow = rejected('token has a row in personal_access_tokens');

/** The tests of an application whose users and tokens have these ids. */
function itReads(
  host: TokenApplication,
  { id, holder }: { readonly id: string; readonly holder: string },
) {
  const put = (row: Row) =>
    host.put('personal_access_tokens', [
      {
        id: row.id ?? id,
        tokenable_type: row.type ?? 'App\\Models\\User',
        tokenable_id: row.holder ?? holder,
        name: 'phone',
        token: row.token ?? hash,
        abilities: '["*"]',
        expires_at: row.expires == null ? null : written(row.expires),
        created_at: row.created === null ? null : written(row.created ?? testNow - hour),
      },
    ]);
  const read = (text: string, changes: Partial<SanctumSettings> = {}) =>
    createSanctumReader({
      tokens: createPersonalAccessTokens(host.client),
      tokenableType: 'App\\Models\\User',
      now: () => testNow,
      ...changes,
    })(text);
  const good = `${id}|${secret}`;

  it.each([
    ['with its id', good],
    ['without its id', secret],
  ])('accepts a token that is sent %s', async (_name, text) => {
    await put({});
    expect(await read(text)).toEqual({
      principal: {
        kind: 'user',
        id: holder,
        roles: [],
        tokenId: `sanctum:${id}`,
        issuedAt: testNow - hour,
        expiresAt: maxTime,
      },
    });
  });

  it('accepts a token until expires_at, to the millisecond', async () => {
    await put({ expires: testNow });
    expect(await read(good)).toEqual({
      fault: 'credential-expired',
      detail: 'expires_at of the token is in the future',
    });
    expect(await read(secret)).toHaveProperty('fault', 'credential-expired');
    expect(await read(good, { now: () => testNow - 1 })).toHaveProperty(
      'principal.expiresAt',
      testNow,
    );
  });

  it('accepts a token until the earlier of expires_at and SANCTUM_EXPIRATION', async () => {
    await put({ expires: testNow + 2 * hour });
    const expiring = (expirationMs: number) => read(good, { expirationMs });
    expect(await expiring(hour)).toEqual({
      fault: 'credential-expired',
      detail: 'created_at of the token plus SANCTUM_EXPIRATION is in the future',
    });
    expect(await expiring(hour + 1)).toHaveProperty('principal.expiresAt', testNow + 1);
    expect(await expiring(9 * hour)).toHaveProperty('principal.expiresAt', testNow + 2 * hour);
    await put({ created: null });
    expect(await expiring(hour)).toHaveProperty('fault', 'credential-expired');
    expect(await read(good)).not.toHaveProperty('principal.issuedAt');
  });

  it('reads times in the time zone of the host', async () => {
    // Berlin is two hours ahead of UTC in summer.
    const noon = Date.UTC(2025, 6, 1, 12);
    await put({ expires: noon, created: noon - hour });
    const tokens = createPersonalAccessTokens(host.clientIn('Europe/Berlin'));
    expect(await read(good, { tokens, now: () => noon - 3 * hour })).toMatchObject({
      principal: { issuedAt: noon - 3 * hour, expiresAt: noon - 2 * hour },
    });
  });

  it.each<[string, Row, string]>([
    [
      'another model',
      { type: 'App\\Models\\Team' },
      'tokenable_type of the token is SANCTUM_TOKENABLE_TYPE',
    ],
    [
      'a model whose name has the same beginning',
      { type: 'App\\Models\\UserX' },
      'tokenable_type of the token is SANCTUM_TOKENABLE_TYPE',
    ],
    [
      'a model whose name has another case',
      { type: 'app\\models\\user' },
      'tokenable_type of the token is SANCTUM_TOKENABLE_TYPE',
    ],
    ['another secret', { token: sha256('another') }, 'token has the hash of its row'],
    ['an empty hash', { token: '' }, 'token has the hash of its row'],
  ])('refuses the token of a row with %s', async (_name, row, detail) => {
    await put(row);
    expect(await read(good)).toEqual(rejected(detail));
    expect(await read(secret)).toHaveProperty('fault', 'credential-rejected');
  });

  it('refuses the hash in place of the secret, and secrets with another case or a space', async () => {
    await put({});
    for (const text of [
      hash,
      `${id}|${hash}`,
      secret.toLowerCase(),
      `${id}|${secret.toUpperCase()}`,
    ]) {
      expect(await read(text)).toHaveProperty('fault', 'credential-rejected');
    }
    for (const text of [`${secret} `, `${good} `, ` ${good}`, `${id} |${secret}`]) {
      expect(await read(text)).toHaveProperty('fault', 'credential-malformed');
    }
  });

  it.each([
    ...['8x', '7x', '07', '007', '7e0', '0x7', '-7', '7-', '0', '00000007', id.toUpperCase() + '0'],
    ...[
      '9223372036854775807',
      '9223372036854775808',
      '18446744073709551616',
      '99999999999999999999',
    ],
    ...[
      '1-1',
      '_',
      '-',
      'true',
      'NULL',
      'null',
      '1--',
      '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5c',
      'x'.repeat(64),
    ],
  ])('finds no row by the id %s', async (other) => {
    await put({});
    expect(await read(`${other}|${secret}`)).toEqual(noRow);
  });

  it.each([
    ...['', '|', `${id}|`, `|${secret}`, `7.0|${secret}`, `+7|${secret}`, `7||`, `7'|${secret}`],
    ...[
      `1 OR 1=1|${secret}`,
      `1;--|${secret}`,
      `7\0|${secret}`,
      `7|${secret}\0`,
      `７|${secret}`,
      `\ud800|x`,
    ],
    ...[
      `${'7'.repeat(65)}|${secret}`,
      `7|${'x'.repeat(256)}`,
      'x'.repeat(16_384),
      `7|${'x'.repeat(16_384)}`,
    ],
  ])('does not look for %j', async (text) => {
    await put({});
    const fault = await read(text);
    expect(fault).toMatchObject({
      fault: /^7\|\|$/.test(text) ? 'credential-rejected' : 'credential-malformed',
    });
  });

  it('finds no token by SQL', async () => {
    await put({});
    for (const text of [`'OR'1'='1`, `x'/**/OR/**/1=1#`, '%', '_'.repeat(40), '"', '`', '\\']) {
      expect(await read(text)).toEqual(noRow);
      expect(await read(`${id}|${text}`)).toEqual(rejected('token has the hash of its row'));
    }
  });

  it('writes nothing', async () => {
    await put({});
    await read(good);
    await read(secret);
    const row = await host.client.findRow(
      'SELECT id FROM personal_access_tokens WHERE last_used_at IS NULL AND updated_at IS NULL',
      [],
    );
    expect(row).toBeDefined();
  });

  it('returns the model of the tokens, for the doctor', async () => {
    await put({});
    expect(await findTokenProblem(host.client, 'App\\Models\\User')).toBeUndefined();
    for (const type of ['user', 'App\\User', 'app\\models\\user']) {
      expect(await findTokenProblem(host.client, type)).toBe(
        'it has no token of SANCTUM_TOKENABLE_TYPE, but of "App\\\\Models\\\\User"',
      );
    }
    await host.put('personal_access_tokens', []);
    expect(await findTokenProblem(host.client, 'user')).toBeUndefined();
  });
}

const uuid = '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b';
const ulid = '01hv7k2m3n4p5q6r7s8t9vwxyz';

describe('Sanctum', () => {
  describeTokenApplications('tokens of users with integer ids', { keys: 'bigint' }, (host) => {
    itReads(host, { id: '7', holder: '15' });

    it('accepts the largest ids', async () => {
      const id = '9007199254740993';
      await host.put('personal_access_tokens', [
        { id, tokenable_type: 'user', tokenable_id: '9223372036854775807', name: 'x', token: hash },
      ]);
      const tokens = createPersonalAccessTokens(host.client);
      const reader = createSanctumReader({ tokens, tokenableType: 'user', now: () => testNow });
      expect(await reader(`${id}|${secret}`)).toHaveProperty('principal.id', '9223372036854775807');
      expect(await reader(`9007199254740992|${secret}`)).toEqual(noRow);
    });
  });
  describeTokenApplications('tokens of users with UUIDs', { keys: 'uuid' }, (host) => {
    itReads(host, { id: '7', holder: uuid });
  });
  describeTokenApplications('tokens with UUIDs', { keys: 'uuid', tokenKeys: 'uuid' }, (host) => {
    itReads(host, { id: uuid, holder: uuid });
  });
  describeTokenApplications('tokens with ULIDs', { keys: 'ulid', tokenKeys: 'ulid' }, (host) => {
    itReads(host, { id: ulid, holder: ulid });
  });
});
