import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RevocationSubject } from '../../../src/authorize/revocation/revocation.ts';
import { createDatabase } from '../../../src/database/client.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';
import { revocationHelper } from '../../support/revoking.ts';
import { testNow } from '../../support/tokens.ts';

const ids = fc.oneof(
  fc.constantFrom('', '1', 'a', '","', '"]', 'a\u0000b', '\ud800', 'user', 'null'),
  fc.string({ maxLength: 8 }),
);
const subjects: fc.Arbitrary<RevocationSubject> = fc.oneof(
  fc.record({ kind: fc.constant('user' as const), userId: ids }),
  fc.record({ kind: fc.constant('user' as const), userId: ids, tenantId: ids }),
  fc.record({
    kind: fc.constant('named' as const),
    parts: fc.tuple(fc.constant('booking'), ids, ids),
  }),
  fc.record({ kind: fc.constant('guest-session' as const), sessionId: ids }),
  fc.record({ kind: fc.constant('token' as const), tokenId: ids }),
  fc.record({ kind: fc.constant('tenant' as const), tenantId: ids }),
);

describePostgres('revocations', (server) => {
  const at = useDatabase(server);
  const revocations = () => revocationHelper(at.database);
  const user = (userId: string): RevocationSubject => ({ kind: 'user', userId });

  it('returns nothing for a subject without a revocation', async () => {
    expect(await revocations().latest([user('nobody'), { kind: 'tenant', tenantId: '1' }])).toBe(
      undefined,
    );
    expect(await revocations().latest([])).toBe(undefined);
  });

  it('returns the time, to the millisecond', async () => {
    expect(await revocations().revoke(user('exact'), testNow + 1)).toBe(testNow + 1);
    expect(await revocations().latest([user('exact')])).toBe(testNow + 1);
  });

  it('returns the latest time of several subjects', async () => {
    await revocations().revoke(user('several'), testNow);
    await revocations().revoke({ kind: 'tenant', tenantId: 'several' }, testNow + 5);
    await revocations().revoke({ kind: 'token', tokenId: 'several' }, testNow + 3);
    const all = [
      user('several'),
      { kind: 'tenant', tenantId: 'several' },
      { kind: 'token', tokenId: 'several' },
      user('unknown'),
    ] as const;
    expect(await revocations().latest(all)).toBe(testNow + 5);
  });

  it('never moves a time backwards, and returns the effective one', async () => {
    await revocations().revoke(user('back'), testNow);
    expect(await revocations().revoke(user('back'), testNow - 1)).toBe(testNow);
    expect(await revocations().latest([user('back')])).toBe(testNow);
    expect(await revocations().revoke(user('back'), testNow + 1)).toBe(testNow + 1);
  });

  it('keeps the latest of many in one call', async () => {
    const times = Array.from({ length: 20 }, (_, i) => testNow + ((i * 7) % 20));
    await Promise.all(times.map((time) => revocations().revoke(user('race'), time)));
    expect(await revocations().latest([user('race')])).toBe(testNow + 19);
  });

  it('distinguishes subjects with any characters in their ids', async () => {
    await fc.assert(
      fc.asyncProperty(subjects, subjects, async (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        await withClient(at.url, (client) => client.query('DELETE FROM revocations'));
        await revocations().revoke(one, testNow);
        expect(await revocations().latest([one])).toBe(testNow);
        expect(await revocations().latest([other])).toBe(undefined);
      }),
      { numRuns: 60 },
    );
  });

  it('returns the same time if the database has another time zone', async () => {
    const name = new URL(at.url.reveal()).pathname.slice(1);
    const setZone = (zone: string) =>
      withClient(at.url, (client) =>
        client.query(`ALTER DATABASE ${name} SET TimeZone = '${zone}'`),
      );
    await setZone('Pacific/Kiritimati');
    const database = createDatabase({ url: at.url, role: server.role, timeoutMs: 30_000 });
    try {
      const there = revocationHelper(database);
      expect(await there.revoke(user('zone'), testNow)).toBe(testNow);
      expect(await there.latest([user('zone')])).toBe(testNow);
    } finally {
      await database.close();
      await setZone('UTC');
    }
  });

  it('is unavailable if the table is, so no credential is accepted', async () => {
    const rename = (from: string, to: string) =>
      withClient(at.url, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`));
    await rename('revocations', 'elsewhere');
    try {
      await expect(revocations().latest([user('15')])).rejects.toThrow(Unavailable);
      await expect(revocations().revoke(user('15'), testNow)).rejects.toThrow(Unavailable);
    } finally {
      await rename('elsewhere', 'revocations');
    }
  });
});
