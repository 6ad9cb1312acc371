import { expect, it } from 'vitest';
import type { Principal } from '../../../src/policy/principal.ts';
import { settlingTimeMs, type TrackedConnections } from '../../../src/pusher/tracked-connection.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { createTrackedConnections } from '../../../src/database/repositories/tracked-connections.ts';
import { createRevocations } from '../../../src/database/repositories/revocations.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';
import { testNow } from '../../support/tokens.ts';

const minute = 60_000;
const lease = 15_000;

/** User 15 of tenant 1, whose credential ends then. */
const user = (expiresAt: number, changes: Partial<Principal> = {}): Principal => ({
  kind: 'user',
  id: '15',
  tenantId: '1',
  roles: [],
  issuedAt: testNow,
  expiresAt,
  ...changes,
});

describePostgres('tracked connections', (server) => {
  const at = useDatabase(server);
  const tracked = (): TrackedConnections => createTrackedConnections(at.database);
  let sockets = 0;
  const newSocket = () => ({ appKey: `app-${(sockets += 1)}`, socketId: '1.1' });
  const keep = async (principal: Principal, socket = newSocket(), grantedAt = testNow) => {
    await tracked().track({ ...socket, userId: principal.id, principal, grantedAt });
    return socket;
  };
  const dueAt = async (now: number) =>
    (await tracked().leaseDue({ now, leaseUntil: now + lease })).users;
  const clear = () => withClient(at.url, (admin) => admin.query('DELETE FROM live_grants'));

  it('leases due connections once, and again after the lease has expired', async () => {
    await clear();
    const { appKey } = await keep(user(testNow + minute));
    expect(await dueAt(testNow + minute - 1)).toEqual([]);
    const users = [{ appKey, userId: '15' }];
    expect(await dueAt(testNow + minute)).toEqual(users);
    expect(await dueAt(testNow + minute + lease - 1)).toEqual([]);
    expect(await dueAt(testNow + minute + lease)).toEqual(users);
  });

  it('leases each to one of many concurrent replicas', async () => {
    await clear();
    await Promise.all(Array.from({ length: 30 }, () => keep(user(testNow + minute))));
    const claims = await Promise.all(Array.from({ length: 8 }, () => dueAt(testNow + minute)));
    const rest = await dueAt(testNow + minute);
    const apps = [...claims.flat(), ...rest].map(({ appKey }) => appKey);
    expect([apps.length, new Set(apps).size]).toEqual([30, 30]);
  });

  it('deletes the users whose connections were terminated', async () => {
    await clear();
    const { appKey } = await keep(user(testNow + minute));
    const now = testNow + minute;
    await dueAt(now);
    await tracked().settle({ appKey, userId: '15' }, { now, leaseUntil: now + lease });
    expect(await dueAt(now + lease)).toEqual([]);
  });

  it('leases users once more if they were terminated shortly after the grant', async () => {
    await clear();
    const end = testNow + settlingTimeMs - 1;
    const { appKey } = await keep(user(end));
    await dueAt(end);
    await tracked().settle({ appKey, userId: '15' }, { now: end, leaseUntil: end + lease });
    const again = testNow + settlingTimeMs;
    expect(await dueAt(again)).toEqual([{ appKey, userId: '15' }]);
    await tracked().settle({ appKey, userId: '15' }, { now: again, leaseUntil: again + lease });
    expect(await dueAt(again + lease)).toEqual([]);
  });

  it.each(['keep', 'extend'] as const)(
    'moves the expiry when the same user sends a later credential (%s), also during the termination',
    async (how) => {
      await clear();
      const socket = await keep(user(testNow + minute));
      const { appKey } = socket;
      const later = user(testNow + 2 * minute, { issuedAt: testNow + minute });
      const show = (principal: Principal) =>
        how === 'keep' ? keep(principal, socket) : tracked().extend({ ...socket, principal });
      const now = testNow + minute;
      await dueAt(now);
      await show(later);
      await show(user(testNow + minute));
      await show({ ...user(testNow + 3 * minute), id: 'another' });
      await tracked().settle({ appKey, userId: '15' }, { now, leaseUntil: now + lease });
      expect(await dueAt(testNow + 2 * minute - 1)).toEqual([]);
      expect(await dueAt(testNow + 2 * minute)).toEqual([{ appKey, userId: '15' }]);
    },
  );

  it('leases with a revocation only grants of earlier credentials', async () => {
    await clear();
    const mine = await keep(user(testNow + minute, { tokenId: 'j' }));
    await keep(user(testNow + minute, { id: '16' }));
    await keep(user(testNow + minute, { tenantId: '2', issuedAt: testNow + 5 }));
    const { appKey } = await keep(user(testNow + minute, { tenantId: '2' }));
    const revoke = async (subject: Parameters<typeof revocations.revoke>[0]['subject']) =>
      (await revocations.revoke({ subject, issuedBefore: testNow + 1, leaseUntil: testNow + 2 }))
        .lease.users;
    const revocations = createRevocations(at.database);
    expect(await revoke({ kind: 'token', tokenId: 'j' })).toEqual([
      { appKey: mine.appKey, userId: '15' },
    ]);
    expect(await revoke({ kind: 'user', userId: '15', tenantId: '2' })).toEqual([
      { appKey, userId: '15' },
    ]);
    expect((await revoke({ kind: 'tenant', tenantId: '1' })).length).toBe(2);
    expect((await revoke({ kind: 'user', userId: 'nobody' })).length).toBe(0);
  });

  it('includes a grant whose row is being written during a revocation', async () => {
    await clear();
    const { appKey } = await keep(user(testNow + minute, { id: 'racer' }));
    const subject = { kind: 'user', userId: 'racer' } as const;
    const request = { subject, issuedBefore: testNow + 1, leaseUntil: testNow + lease };
    const written = await withClient(at.url, async (admin) => {
      await admin.query('BEGIN');
      await admin.query(`INSERT INTO live_grants SELECT app_key, '2.2', 'slow', tenant_id, principal,
        subjects, issued_at, expires_at, granted_at, due_at FROM live_grants`);
      const revoking = createRevocations(at.database).revoke(request);
      const waiting = `SELECT FROM pg_locks WHERE relation = 'live_grants'::regclass AND NOT granted`;
      const isOver = revoking.then(() => true);
      const waits = async () => ((await admin.query(waiting)).rowCount ?? 0) > 0;
      while (!(await Promise.race([waits(), isOver])));
      await admin.query('COMMIT');
      return revoking;
    });
    const users = ['racer', 'slow'].map((userId) => ({ appKey, userId }));
    expect(written.lease.users).toHaveLength(2);
    expect(written.lease.users).toEqual(expect.arrayContaining(users));
  });

  it('keeps a connection whose credential does not expire', async () => {
    await clear();
    await keep(user(8.64e15));
    expect(await dueAt(testNow + 1e12)).toEqual([]);
  });

  it('does not retry later than a day after the credential expired', async () => {
    await clear();
    await keep(user(testNow));
    expect(await tracked().deleteExpired(testNow + 24 * 60 * minute)).toBe(0);
    expect(await tracked().deleteExpired(testNow + 24 * 60 * minute + 1)).toBe(1);
  });

  it('is unavailable if the table is', async () => {
    const rename = (from: string, to: string) =>
      withClient(at.url, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`));
    await rename('live_grants', 'elsewhere');
    try {
      await expect(keep(user(testNow))).rejects.toThrow(Unavailable);
      await expect(dueAt(testNow)).rejects.toThrow(Unavailable);
    } finally {
      await rename('elsewhere', 'live_grants');
    }
  });
});
