import { expect, it } from 'vitest';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { Unavailable } from '../../src/core/unavailable.ts';
import { createAuditTrail } from '../../src/resources/audit-trail.ts';
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

describePostgres('the audit trail', (server) => {
  const at = useDatabase(server);
  const trail = () => createAuditTrail(at.database);
  const rows = async (table: string, decisionId: string) => {
    const { rows: found } = await withClient(at.url, (admin) =>
      admin.query<Record<string, unknown>>(`SELECT * FROM ${table} WHERE decision_id = $1`, [
        decisionId,
      ]),
    );
    return found;
  };

  it('keeps every field of an event, and a row for each signal', async () => {
    await trail().append(refusal, ['authentication-failed', 'cross-tenant']);
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
      },
    ]);
    const events = await rows('security_events', 'd-1');
    expect(events.map(({ signal }) => signal)).toEqual(['authentication-failed', 'cross-tenant']);
    for (const event of events) expect(event).toMatchObject(shared);
  });

  it('keeps an event that says little, and no signal', async () => {
    await trail().append(grant, []);
    expect(await rows('audit_log', 'd-2')).toMatchObject([
      { at: new Date(0), code: null, tenant_id: null, user_agent: null, checks: [] },
    ]);
    expect(await rows('security_events', 'd-2')).toEqual([]);
  });

  it('keeps both or none', async () => {
    await trail().append({ ...grant, decisionId: 'd-twice' }, []);
    await expect(
      trail().append({ ...grant, decisionId: 'd-twice' }, ['cross-tenant']),
    ).rejects.toThrow(Unavailable);
    expect(await rows('security_events', 'd-twice')).toEqual([]);
    await withClient(at.url, (admin) =>
      admin.query(
        `ALTER TABLE security_events ADD CONSTRAINT refuses CHECK (decision_id <> 'd-half')`,
      ),
    );
    await expect(
      trail().append({ ...grant, decisionId: 'd-half' }, ['cross-tenant']),
    ).rejects.toThrow(Unavailable);
    expect(await rows('audit_log', 'd-half')).toEqual([]);
  });

  it('is not stopped by what a visitor sent', async () => {
    const hostile = `\u0000\ud800'); DROP TABLE audit_log; --🛎️${'x'.repeat(20_000)}`;
    const event = { ...refusal, decisionId: 'd-3', channel: hostile, tenantId: hostile };
    await trail().append({ ...event, userAgent: hostile, principalId: hostile }, ['cross-tenant']);
    const [row] = await rows('audit_log', 'd-3');
    expect(row?.['channel']).toMatch(/^\uFFFD\uFFFD'\); DROP TABLE audit_log; --🛎️x{400,}$/u);
    expect(String(row?.['channel'])).toHaveLength(512);
    expect(await rows('security_events', 'd-3')).toHaveLength(1);
  });
});
