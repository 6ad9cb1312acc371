import { describe, expect, it } from 'vitest';
import type { RevocationSubject } from '../../../src/authorize/revocation/revocation.ts';
import {
  createGuestSessions,
  deleteExpiredGuestSessions,
} from '../../../src/database/repositories/guest-sessions.ts';
import {
  deleteExpiredRevocations,
  type CredentialLifetimes,
} from '../../../src/database/repositories/revocation-cleanup.ts';
import { createPushedFacts } from '../../../src/facts/pushed-facts.ts';
import { room } from '../../support/fact-kinds.ts';
import { useDatabase, withClient } from '../../support/database.ts';
import { revocationHelper } from '../../support/revoking.ts';
import { testNow } from '../../support/tokens.ts';

const hour = 60 * 60_000;
const day = 24 * hour;

describe('the cleanup of guest sessions', () => {
  const at = useDatabase();
  const deleteExpired = (now: number) => deleteExpiredGuestSessions(at.database, now);
  const start = (sessionId: string, expiresAt = testNow) =>
    createGuestSessions(at.database).start({
      sessionId,
      tokenHash: `hash of ${sessionId}`,
      expiresAt,
      createdAt: testNow - day,
    });
  const find = (sessionId: string) => createGuestSessions(at.database).find(`hash of ${sessionId}`);

  it('deletes a session one day after it expired, and not earlier', async () => {
    await start('a');
    await start('later', testNow + hour);
    expect(await deleteExpired(testNow + day)).toBe(0);
    expect(await deleteExpired(testNow + day + 1)).toBe(1);
    expect([await find('a'), (await find('later'))?.sessionId]).toEqual([undefined, 'later']);
  });

  it('keeps a linked session, whose user enters a room that is stored a year later', async () => {
    await start('linked');
    await createGuestSessions(at.database).link('linked', { userId: '15' });
    await deleteExpired(testNow + 365 * day);
    const facts = createPushedFacts(at.database);
    await facts.put(room, ['r'], { participants: [], guest_session_id: 'linked' });
    expect((await facts.find(room, ['r'], {}))?.['guest_session_id']).toEqual({
      id: 'linked',
      user: '15',
    });
  });

  it('deletes a large backlog in one run', async () => {
    await withClient(at.url, (client) =>
      client.query(`INSERT INTO guest_sessions (session_id, token_hash, expires_at)
        SELECT 's' || i, 'h' || i, to_timestamp(0) FROM generate_series(1, 12000) AS i`),
    );
    expect(await deleteExpired(testNow)).toBe(12_000);
  });
});

describe('the cleanup of revocations', () => {
  const at = useDatabase();
  const subjects = {
    tenant: { kind: 'tenant', tenantId: '1' },
    'user of a tenant': { kind: 'user', userId: '15', tenantId: '1' },
    user: { kind: 'user', userId: '15' },
    booking: { kind: 'named', parts: ['booking', 'h', 'b'] },
    token: { kind: 'token', tokenId: 'j' },
    'guest session': { kind: 'guest-session', sessionId: 'gone' },
    'live guest session': { kind: 'guest-session', sessionId: 'live' },
  } as const satisfies Readonly<Record<string, RevocationSubject>>;
  const all = Object.keys(subjects) as (keyof typeof subjects)[];

  /** The revocations of each kind that are left after a cleanup at this time after them; one guest session of before is valid for a month. */
  const leftAfter = async (age: number, lives: Partial<CredentialLifetimes> = {}) => {
    await withClient(at.url, (client) =>
      client.query('TRUNCATE revocations, guest_sessions; TRUNCATE table_changes'),
    );
    await createGuestSessions(at.database).start({
      sessionId: 'live',
      tokenHash: 'live',
      createdAt: testNow - hour,
      expiresAt: testNow + 30 * day,
    });
    const { revoke, latest } = revocationHelper(at.database);
    for (const subject of Object.values(subjects)) await revoke(subject, testNow);
    const known = { userTokenMaxAgeMs: () => hour, onlyJwts: true, ...lives };
    await deleteExpiredRevocations(at.database, known, testNow + age);
    const left = [];
    for (const name of all) if ((await latest([subjects[name]])) !== undefined) left.push(name);
    return left;
  };
  const without = (...names: readonly string[]) => all.filter((name) => !names.includes(name));

  it('keeps all while an earlier credential may be valid', async () => {
    expect(await leftAfter(day)).toEqual(all);
    expect(await leftAfter(day + hour - 1)).toEqual(without('guest session'));
    expect(await leftAfter(20 * day, { userTokenMaxAgeMs: () => 20 * day })).toEqual(
      without('guest session'),
    );
  });

  it('deletes those of users’ tokens when the tokens have expired', async () => {
    const gone = ['tenant', 'user of a tenant', 'guest session'];
    expect(await leftAfter(day + hour + 1)).toEqual(without(...gone));
  });

  it('keeps those of a user while an earlier guest session may be linked to the user', async () => {
    expect(await leftAfter(30 * day)).toContain('user');
    const left = await leftAfter(30 * day + 1);
    expect(left).toEqual(['booking', 'token']);
  });

  it('keeps those of a user if tokens or sessions of an application may never expire', async () => {
    expect(await leftAfter(3_650 * day, { onlyJwts: false })).toEqual(['user', 'booking', 'token']);
  });

  it('deletes all after REVOCATION_RETENTION', async () => {
    const lives = { onlyJwts: false, retentionMs: 90 * day };
    expect(await leftAfter(90 * day, lives)).toEqual(['user', 'booking', 'token']);
    expect(await leftAfter(90 * day + 1, lives)).toEqual([]);
  });

  it('does not invalidate cached rows if there is nothing to delete', async () => {
    await leftAfter(hour);
    const changes = () =>
      withClient(
        at.url,
        async (client) => (await client.query('SELECT FROM table_changes')).rowCount,
      );
    const before = await changes();
    const lifetimes = { userTokenMaxAgeMs: () => hour, onlyJwts: true };
    await deleteExpiredRevocations(at.database, lifetimes, testNow);
    expect(await changes()).toBe(before);
  });
});
