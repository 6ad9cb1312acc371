import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '../../src/audit/audit-event.ts';
import { toLogLine } from '../../src/audit/write-event.ts';

const event: AuditEvent = {
  decisionId: 'd',
  requestId: 'r',
  address: '::1',
  at: 0,
  ...({ action: 'subscribe', outcome: 'grant' } as const),
  checks: [
    { name: 'one', passed: true },
    { name: 'other', passed: true },
  ],
};
const { checks, ...fields } = event;
const lineOf = (of: AuditEvent): unknown => JSON.parse(JSON.stringify(toLogLine(of)));

describe('the log line of a decision', () => {
  it('contains no checks if none failed', () => {
    expect(lineOf(event)).toEqual(fields);
  });

  it('contains the failed checks, and no others', () => {
    const failed = { name: 'third', passed: false };
    const refused = { ...event, failedCheck: 'third', checks: [...checks, failed] };
    expect(lineOf(refused)).toEqual({ ...fields, failedCheck: 'third', failedChecks: ['third'] });
  });
});
