import { expect, it } from 'vitest';
import type { AuditEvent, SecurityEventType, SecurityEvent } from '../../src/audit/audit-event.ts';
import { findDecision } from '../../src/audit/find-decisions.ts';
import { createAuditWriter } from '../../src/audit/writer.ts';
import { createTableCache } from '../../src/database/cache/freshness.ts';
import type { Database } from '../../src/database/client.ts';
import { RowRefused } from '../../src/runtime/unavailable.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';

const refusal: AuditEvent = {
  decisionId: 'd-1',
  requestId: 'r-1',
  address: '192.0.2.7',
  userAgent: 'pusher-js/8',
  at: Date.UTC(2026, 5, 1, 12, 0, 0, 123),
  action: 'subscribe',
  outcome: 'refusal',
  code: 'tenant-mismatch',
  family: 'private-tenant.{tenantId}.user.{userId}',
  channel: 'private-tenant.1.user.15',
  socketId: '1.2',
  principalKind: 'user',
  principalId: '15',
  tenantId: '1',
  failedCheck: 'token is for this tenant',
  policy: 'hash of the policy',
  checks: [
    { name: 'token is valid', passed: true },
    { name: 'token is for this tenant', passed: false },
  ],
};

const grant: AuditEvent = {
  decisionId: 'd-2',
  requestId: 'r-2',
  address: '::1',
  at: 0,
  action: 'sign-in',
  outcome: 'grant',
  checks: [],
};

const signal: SecurityEvent = {
  id: '6f0b2a1e-3f0d-4c55-9d5b-0a5e7f1c2d3e',
  requestId: 'r-9',
  address: '::1',
  at: 0,
  signal: 'limit-exceeded',
  tenantId: '1',
};

/** A writer for decisions that used no cache. */
const writerOf = (database: Database) =>
  createAuditWriter(database, createTableCache({ now: () => 0, lookups: { hits: 0, misses: 0 } }));

describePostgres('the audit log', (server) => {
  const at = useDatabase(server);
  const write = (...entries: readonly (readonly [AuditEvent, readonly SecurityEventType[]])[]) =>
    writerOf(at.database)(entries.map(([decision, signals]) => ({ decision, signals })));
  const rows = async (table: string, decisionId: string) => {
    const { rows: found } = await withClient(at.url, (admin) =>
      admin.query<Record<string, unknown>>(`SELECT * FROM ${table} WHERE decision_id = $1`, [
        decisionId,
      ]),
    );
    return found;
  };

  it('writes every field of an event, and a row for each security event', async () => {
    await write([refusal, ['authentication-failed', 'cross-tenant']]);
    const shared = {
      at: new Date(refusal.at),
      decision_id: 'd-1',
      request_id: 'r-1',
      address: '192.0.2.7',
      user_agent: 'pusher-js/8',
      principal_id: '15',
      tenant_id: '1',
    };
    expect(await rows('audit_log', 'd-1')).toEqual([
      {
        ...shared,
        action: 'subscribe',
        outcome: 'refusal',
        code: 'tenant-mismatch',
        family: 'private-tenant.{tenantId}.user.{userId}',
        channel: 'private-tenant.1.user.15',
        socket_id: '1.2',
        principal_kind: 'user',
        failed_check: 'token is for this tenant',
        checks: refusal.checks,
        policy: 'hash of the policy',
      },
    ]);
    const events = await rows('security_events', 'd-1');
    expect(events.map(({ signal }) => signal)).toEqual(['authentication-failed', 'cross-tenant']);
    for (const event of events) expect(event).toMatchObject(shared);
  });

  it('writes an event with few fields, and no security event', async () => {
    await write([grant, []]);
    expect(await rows('audit_log', 'd-2')).toMatchObject([
      { at: new Date(0), code: null, tenant_id: null, user_agent: null, checks: [] },
    ]);
    expect(await rows('security_events', 'd-2')).toEqual([]);
  });

  it('writes any text of a client to its own column, and an empty text as empty', async () => {
    const texts = ['', ' ', '\\N', '{a,"b"}', 'tab\tand\nline', '€ and 😀', 'x'.repeat(512)];
    const changed = ['\0', '\x1c\x1d\x1e\x1f', '\ud800', 'x'.repeat(511) + '😀', 'x'.repeat(600)];
    const ids = [...texts, ...changed].map((_, i) => `d-text-${i}`);
    await write(
      ...[...texts, ...changed].map((userAgent, i): readonly [AuditEvent, []] => [
        { ...refusal, decisionId: ids[i]!, userAgent, channel: userAgent },
        [],
      ]),
    );
    const kept = await Promise.all(ids.map((id) => rows('audit_log', id)));
    expect(kept.map(([row]) => row?.['user_agent'])).toEqual([
      ...texts,
      ...[
        '\uFFFD',
        '\x1c\uFFFD\uFFFD\uFFFD',
        '\uFFFD',
        'x'.repeat(511) + '\uFFFD',
        'x'.repeat(512),
      ],
    ]);
    for (const [row] of kept) {
      expect(row).toMatchObject({
        channel: row?.['user_agent'],
        request_id: 'r-1',
        tenant_id: '1',
      });
    }
  });

  it('writes decisions and standalone security events with one statement', async () => {
    const decisions = ['d-4', 'd-5'].map((decisionId) => ({
      decision: { ...refusal, decisionId },
      signals: ['cross-tenant'] as const,
    }));
    await writerOf(at.database)([...decisions, { signal }]);
    for (const id of ['d-4', 'd-5']) {
      expect(await rows('audit_log', id)).toHaveLength(1);
      expect(await rows('security_events', id)).toHaveLength(1);
    }
    const { rows: kept } = await withClient(at.url, (admin) =>
      admin.query('SELECT * FROM security_events WHERE id = $1', [signal.id]),
    );
    expect(kept).toMatchObject([
      {
        signal: 'limit-exceeded',
        decision_id: null,
        tenant_id: '1',
        request_id: 'r-9',
        at: new Date(0),
        principal_id: null,
        user_agent: null,
      },
    ]);
  });

  it('distinguishes duplicate rows from refused ones, and writes neither', async () => {
    const writer = writerOf(at.database);
    const own = { ...signal, id: '7f0b2a1e-3f0d-4c55-9d5b-0a5e7f1c2d3e' };
    await writer([{ signal: own }]);
    const isDuplicate = (expected: boolean): unknown =>
      expect.objectContaining({ isDuplicate: expected });
    const neighbour = { ...grant, decisionId: 'd-neighbour' };
    await expect(writer([{ decision: neighbour, signals: [] }, { signal: own }])).rejects.toEqual(
      isDuplicate(true),
    );
    const veryOld = { ...grant, decisionId: 'd-ancient', at: -8e15 };
    await expect(write([neighbour, []], [veryOld, []])).rejects.toEqual(isDuplicate(false));
    expect(await rows('audit_log', 'd-neighbour')).toEqual([]);
  });

  it('writes rows that the operator can read for every tenant', async () => {
    const find = (id: string) => findDecision(at.database, id);
    await write([{ ...refusal, decisionId: 'd-6' }, ['authentication-failed', 'cross-tenant']]);
    await write([{ ...grant, decisionId: 'd-7' }, []]);
    expect(await find('d-6')).toStrictEqual({
      decision: { ...refusal, decisionId: 'd-6' },
      signals: ['authentication-failed', 'cross-tenant'],
    });
    expect(await find('d-7')).toStrictEqual({
      decision: { ...grant, decisionId: 'd-7' },
      signals: [],
    });
    for (const id of ['d-none', '', 'd-\0']) expect(await find(id)).toBeUndefined();
  });

  it('writes both or neither', async () => {
    await write([{ ...grant, decisionId: 'd-twice' }, []]);
    await expect(write([{ ...grant, decisionId: 'd-twice' }, ['cross-tenant']])).rejects.toThrow(
      RowRefused,
    );
    expect(await rows('security_events', 'd-twice')).toEqual([]);
    await withClient(at.url, (admin) =>
      admin.query(
        `ALTER TABLE security_events ADD CONSTRAINT refuses CHECK (decision_id <> 'd-half')`,
      ),
    );
    await expect(write([{ ...grant, decisionId: 'd-half' }, ['cross-tenant']])).rejects.toThrow(
      RowRefused,
    );
    expect(await rows('audit_log', 'd-half')).toEqual([]);
  });

  it('writes any text of a visitor', async () => {
    const hostile = `\u0000\ud800'); DROP TABLE audit_log; --🛎️${'x'.repeat(20_000)}`;
    const event = { ...refusal, decisionId: 'd-3', channel: hostile, tenantId: hostile };
    await write([{ ...event, userAgent: hostile, principalId: hostile }, ['cross-tenant']]);
    const [row] = await rows('audit_log', 'd-3');
    expect(row?.['channel']).toMatch(/^\uFFFD\uFFFD'\); DROP TABLE audit_log; --🛎️x{400,}$/u);
    expect(String(row?.['channel'])).toHaveLength(512);
    expect(await rows('security_events', 'd-3')).toHaveLength(1);
  });
});
