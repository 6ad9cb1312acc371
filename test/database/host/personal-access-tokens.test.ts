import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSanctumReader, type SanctumSettings } from '../../../src/authn/sanctum.ts';
import { createHostDatabase, type HostDatabase } from '../../../src/database/host/host-database.ts';
import { createPersonalAccessTokens } from '../../../src/database/host/personal-access-tokens.ts';
import { maxTime } from '../../../src/policy/principal.ts';
import { createTestDatabase, describePostgres, withClient } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { testNow } from '../../support/tokens.ts';

const secret = 'mHy3x2Tg0cXbVq8sR5kLw9nZd7jPfA4uE6oYtQ1b';
const hash = createHash('sha256').update(secret).digest('hex');
const hour = 3_600_000;
/** As Laravel writes a moment: to the second, in UTC, without saying so. */
const written = (moment: number) => new Date(moment).toISOString().slice(0, 19).replace('T', ' ');

/** The table as Sanctum's migration makes it; `morph` is the type of the holders' keys. */
const table = (morph: string) => `
  CREATE TABLE personal_access_tokens (id bigserial PRIMARY KEY, tokenable_type varchar(255) NOT NULL,
    tokenable_id ${morph} NOT NULL, name varchar(255) NOT NULL, token varchar(64) NOT NULL UNIQUE,
    abilities text, last_used_at timestamp(0), expires_at timestamp(0),
    created_at timestamp(0), updated_at timestamp(0))`;

interface Row {
  readonly id?: string;
  readonly type?: string;
  readonly holder?: string;
  readonly token?: string;
  readonly expires?: number | null;
  readonly created?: number | null;
}

describePostgres('Sanctum’s tokens', (server) => {
  describe.each([
    ['bigint', '15'],
    ['uuid', '6f1c2a34-5b6d-4e7f-8a9b-0c1d2e3f4a5b'],
  ])('of users with %s keys', (morph, holder) => {
    let made: TestDatabase;
    let host: HostDatabase;
    beforeAll(async () => {
      made = await createTestDatabase(server, 'template1');
      await withClient(made.url, (admin) => admin.query(table(morph)));
      host = createHostDatabase({ url: made.url, timeZone: 'UTC', timeoutMs: 30_000 });
    });
    afterAll(async () => {
      await host.close();
      await made.drop();
    });

    const put = (row: Row) =>
      withClient(made.url, async (admin) => {
        await admin.query('TRUNCATE personal_access_tokens');
        await admin.query(
          `INSERT INTO personal_access_tokens (id, tokenable_type, tokenable_id, name, token, expires_at, created_at)
           VALUES ($1, $2, $3, 'phone', $4, $5, $6)`,
          [
            row.id ?? '7',
            row.type ?? 'App\\Models\\User',
            row.holder ?? holder,
            row.token ?? hash,
            row.expires == null ? null : written(row.expires),
            row.created === null ? null : written(row.created ?? testNow - hour),
          ],
        );
      });
    const read = (text: string, changes: Partial<SanctumSettings> = {}) =>
      createSanctumReader({
        find: createPersonalAccessTokens(host),
        tokenableType: 'App\\Models\\User',
        now: () => testNow,
        ...changes,
      })(text);
    const good = `7|${secret}`;

    it('are their holder’s', async () => {
      await put({});
      expect(await read(good)).toEqual({
        principal: {
          kind: 'user',
          id: holder,
          roles: [],
          tokenId: 'sanctum:7',
          issuedAt: testNow - hour,
          expiresAt: maxTime,
        },
      });
    });

    it('end when they say, to the millisecond', async () => {
      await put({ expires: testNow });
      expect(await read(good)).toEqual({ fault: 'credential-expired' });
      expect(await read(good, { now: () => testNow - 1 })).toHaveProperty(
        'principal.expiresAt',
        testNow,
      );
    });

    it('end by the host’s general expiration, whichever comes first', async () => {
      await put({ expires: testNow + 2 * hour });
      const expiring = (expirationMs: number) => read(good, { expirationMs });
      expect(await expiring(hour)).toEqual({ fault: 'credential-expired' });
      expect(await expiring(hour + 1)).toHaveProperty('principal.expiresAt', testNow + 1);
      expect(await expiring(9 * hour)).toHaveProperty('principal.expiresAt', testNow + 2 * hour);
      await put({ created: null });
      expect(await expiring(hour)).toEqual({ fault: 'credential-expired' });
      expect(await read(good)).not.toHaveProperty('principal.issuedAt');
    });

    it.each<[string, Row]>([
      ['of another model', { type: 'App\\Models\\Team' }],
      ['of a model whose name begins the same', { type: 'App\\Models\\UserX' }],
      [
        'with another secret',
        { token: hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) },
      ],
      ['with an empty hash', { token: '' }],
      ['that were deleted', { id: '8' }],
    ])('%s are rejected', async (_name, row) => {
      await put(row);
      expect(await read(good)).toEqual({ fault: 'credential-rejected' });
      expect(await read(`7|${hash}`)).toEqual({ fault: 'credential-rejected' });
    });

    it('of ids that no column holds do not exist', async () => {
      await put({});
      expect(await read(`9999999999999999999|${secret}`)).toEqual({ fault: 'credential-rejected' });
    });

    it.each([
      '',
      '|',
      '7|',
      `|${secret}`,
      secret,
      `07|${secret}`,
      ` 7|${secret}`,
      `7.0|${secret}`,
      `x|${secret}`,
    ])('are not %j', async (text) => {
      await put({});
      expect(await read(text)).toEqual({ fault: 'credential-malformed' });
    });
  });
});
