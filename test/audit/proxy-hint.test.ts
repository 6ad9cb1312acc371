import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { createProxyDetector, type SuspectedProxy } from '../../src/audit/proxy-hint.ts';

const decision: AuditEvent = {
  requestId: 'r',
  decisionId: 'd',
  at: 0,
  action: 'subscribe',
  outcome: 'grant',
  checks: [],
  address: '172.18.0.1',
  principalKind: 'user',
  tenantId: '1',
};
const hour = 3_600_000;

function makeHint() {
  const clock = { now: 1_000 };
  const warned: SuspectedProxy[] = [];
  const watch = createProxyDetector({
    warn: (suspected) => warned.push(suspected),
    now: () => clock.now,
  });
  const users = (count: number, changes: Partial<AuditEvent> = {}) => {
    for (let i = 0; i < count; i += 1) watch({ ...decision, principalId: String(i), ...changes });
  };
  return { clock, warned, watch, users };
}

describe('the warning about an untrusted proxy', () => {
  it('is logged once when ten users have one private address, and again the next day', () => {
    const { clock, warned, users } = makeHint();
    users(9);
    expect(warned).toEqual([]);
    users(200);
    expect(warned).toEqual([{ address: '172.18.0.1', principals: 10 }]);
    clock.now += 23 * hour;
    users(200);
    expect(warned).toHaveLength(1);
    clock.now += hour;
    users(200);
    expect(warned).toHaveLength(2);
  });

  it.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.0.9', '::ffff:10.1.2.3', 'fd00::7'])(
    'is logged for %s',
    (address) => {
      const { warned, users } = makeHint();
      users(10, { address });
      expect(warned).toHaveLength(1);
    },
  );

  it.each<readonly [string, Partial<AuditEvent>]>([
    ['a hotel of guests behind one public address', { address: '203.0.113.7' }],
    ['a public address of IPv6', { address: '2001:db8::7' }],
    ['one user with many requests', { principalId: '15' }],
    ['requests without a valid credential', { principalId: undefined, principalKind: undefined }],
    ['a chat server that redeems the tickets of its users', { action: 'redeem-ticket' }],
  ])('is not logged for %s', (_who, changes) => {
    const { warned, users } = makeHint();
    users(200, changes);
    expect(warned).toEqual([]);
  });

  it('is not logged for ten users in sequence over hours', () => {
    const { clock, warned, watch } = makeHint();
    for (let i = 0; i < 30; i += 1) {
      watch({ ...decision, principalId: String(i) });
      clock.now += hour / 5;
    }
    expect(warned).toEqual([]);
  });

  it('counts users of one id at two tenants twice', () => {
    const { warned, users } = makeHint();
    users(5);
    users(5, { tenantId: '2' });
    expect(warned).toHaveLength(1);
  });

  it('keeps at most sixteen addresses', () => {
    const { warned, users } = makeHint();
    for (let i = 0; i < 16; i += 1) users(1, { address: `10.0.0.${i}` });
    users(10, { address: '10.0.1.1' });
    expect(warned).toEqual([]);
    users(10, { address: '10.0.0.15' });
    expect(warned).toHaveLength(1);
  });
});
