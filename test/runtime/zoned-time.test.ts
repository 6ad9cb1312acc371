import { describe, expect, it } from 'vitest';
import { createZonedTimes } from '../../src/runtime/zoned-time.ts';

describe('a time without a zone', () => {
  it.each([
    ['UTC', '2025-03-01T12:30:00.000000', '2025-03-01T12:30:00.000Z'],
    ['Europe/Berlin', '2025-03-01T12:30:00.250000', '2025-03-01T11:30:00.250Z'],
    ['Europe/Berlin', '2025-07-01T12:30:00.000', '2025-07-01T10:30:00.000Z'],
    ['Asia/Kolkata', '2025-07-01T00:00:00.000000', '2025-06-30T18:30:00.000Z'],
    ['America/New_York', '2025-12-31T23:59:59.000000', '2026-01-01T04:59:59.000Z'],
    // Around the clock change of 2025-03-30, at 01:00 UTC.
    ['Europe/Berlin', '2025-03-30T01:59:59.000000', '2025-03-30T00:59:59.000Z'],
    ['Europe/Berlin', '2025-03-30T03:00:00.000000', '2025-03-30T01:00:00.000Z'],
    // Left out by it.
    ['Europe/Berlin', '2025-03-30T02:30:00.000000', '2025-03-30T00:30:00.000Z'],
    // Repeated by that of 2025-10-26.
    ['Europe/Berlin', '2025-10-26T02:30:00.000000', '2025-10-26T00:30:00.000Z'],
    ['Europe/Berlin', '2025-10-26T03:00:00.000000', '2025-10-26T02:00:00.000Z'],
  ])('in %s, %s is %s', (zone, text, expected) => {
    expect(new Date(createZonedTimes(zone)(text)).toISOString()).toBe(expected);
  });

  it.each(['', '0000-00-00T00:00:00.000000', '2025-13-01T00:00:00.000000', '2025-03-01', 'x'])(
    '%j is not one',
    (text) => {
      expect(createZonedTimes('UTC')(text)).toBeNaN();
    },
  );
});
