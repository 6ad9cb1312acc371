import { describe, expect, it } from 'vitest';
import type { AuditEntry, WriteEntries } from '../../src/audit/audit-event.ts';
import { createBufferedAuditQueue } from '../../src/audit/queue.ts';
import { RowRefused, Unavailable } from '../../src/runtime/unavailable.ts';
import { createTestClock } from '../support/test-clock.ts';

/** Runs all callbacks that are ready. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

const entry = (id: string): AuditEntry => ({
  signal: { id, at: 0, signal: 'limit-exceeded', requestId: 'r', address: '::1' },
});
const idOf = (each: AuditEntry) => ('signal' in each ? each.signal.id : '');

/** An audit log on a database that can be unavailable. It records all written entries. */
function start() {
  const time = createTestClock(0);
  const database = { fault: undefined as Error | undefined, kept: [] as string[], attempts: 0 };
  const lines: (readonly [string, unknown])[] = [];
  const counted = { dropped: 0 };
  const write: WriteEntries = (entries) => {
    database.attempts += 1;
    if (database.fault !== undefined) return Promise.reject(database.fault);
    const ids = entries.map(idOf);
    if (ids.some((id) => id.startsWith('bad'))) return Promise.reject(new RowRefused(false));
    if (ids.some((id) => database.kept.includes(id))) return Promise.reject(new RowRefused(true));
    database.kept.push(...ids);
    return Promise.resolve(ids.map(() => true));
  };
  const queue = createBufferedAuditQueue({
    write,
    startTimer: time.clock.startTimer,
    onDropped: () => (counted.dropped += 1),
    log: {
      error: (about, message) =>
        lines.push([message, (about as { dropped?: number }).dropped] as const),
    },
    limits: { maxBatch: 2, maxQueued: 4 },
  });
  const append = (...ids: readonly string[]) =>
    Promise.all(ids.map((id) => queue.append(entry(id))));
  return { ...queue, append, time, database, lines, counted };
}

const started = ['audit entries are being dropped', undefined];

describe('a buffered audit log', () => {
  it('delays no response, and writes all entries', async () => {
    const { append, database, close } = start();
    await append('a', 'b', 'c', 'd', 'e');
    await close(1_000);
    expect(database.kept).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('retries during an outage, with growing delays of at most five seconds', async () => {
    const { append, database, time, lines } = start();
    database.fault = new Unavailable('database');
    await append('a');
    await settle();
    const attempts: number[] = [];
    for (const pause of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      time.advance(pause - 1);
      await settle();
      attempts.push(database.attempts);
      time.advance(1);
      await settle();
    }
    expect(attempts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    database.fault = undefined;
    time.advance(5_000);
    await settle();
    expect([database.kept, lines]).toEqual([['a'], []]);
  });

  it('does not write an attempt twice whose response was lost', async () => {
    const { append, database, time, counted } = start();
    database.fault = new Unavailable('database');
    await append('a');
    await settle();
    database.kept.push('a');
    database.fault = undefined;
    time.advance(100);
    await settle();
    await append('b');
    await settle();
    expect([database.kept, counted.dropped]).toEqual([['a', 'b'], 0]);
  });

  it('drops entries over the limit, and logs the start, the end and the number', async () => {
    const { append, database, time, lines, counted, isDropping } = start();
    database.fault = new Unavailable('database');
    await append('a', 'b', 'c', 'd', 'e', 'lost-1', 'lost-2');
    await settle();
    expect([lines, counted.dropped, isDropping()]).toEqual([[started], 2, true]);
    await append('lost-3');
    await settle();
    expect([lines, counted.dropped]).toEqual([[started], 3]);
    database.fault = undefined;
    time.advance(100);
    await settle();
    expect(isDropping()).toBe(false);
    expect(lines).toEqual([started, ['audit entries were dropped; writing again', 3]]);
    expect(database.kept).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('drops a row that cannot be written, and no other row', async () => {
    const { append, database, counted, lines } = start();
    await append('a', 'bad', 'b', 'c');
    await settle();
    expect([database.kept, counted.dropped]).toEqual([['a', 'b', 'c'], 1]);
    expect(lines[0]).toEqual(started);
  });

  it('closes after all rows are written, including those that wait for the next attempt', async () => {
    const { append, database, close, time } = start();
    database.fault = new Unavailable('database');
    await append('a', 'b');
    let isClosed = false;
    const closed = close(10_000).then(() => (isClosed = true));
    await settle();
    expect(isClosed).toBe(false);
    database.fault = undefined;
    time.advance(100);
    await closed;
    expect([database.kept, time.waiting()]).toEqual([['a', 'b'], 0]);
  });

  it('closes in time during an outage, and logs the number of lost entries', async () => {
    const { append, database, close, time, lines, counted } = start();
    database.fault = new Unavailable('database');
    await append('a', 'b', 'c');
    const closed = close(10_000);
    for (let second = 0; second < 10; second += 1) {
      time.advance(1_000);
      await settle();
    }
    await closed;
    expect([counted.dropped, time.waiting()]).toEqual([3, 0]);
    expect(lines).toEqual([started, ['audit entries were dropped', 3]]);
  });
});
