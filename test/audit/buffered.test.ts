import { describe, expect, it, onTestFinished } from 'vitest';
import { send, userRequest } from '../http/requests.ts';
import { createTestDatabase, withClient } from '../support/database.ts';
import { metric } from '../support/metrics.ts';
import { startUsher } from '../support/usher.ts';

/** An Usher with `AUDIT=buffered`, on a database that outlives it. */
async function start() {
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const usher = await startUsher({ DATABASE_URL: database.url.reveal(), AUDIT: 'buffered' });
  const query = (sql: string) =>
    withClient(database.url, async (admin) => (await admin.query<{ id: string }>(sql)).rows);
  return {
    usher,
    query,
    enters: async () => {
      const response = await send(usher.public, userRequest());
      expect(response.status).toBe(200);
      return response.headers.get('x-decision-id');
    },
    kept: async () =>
      (await query('SELECT decision_id AS id FROM audit_log ORDER BY at')).map(({ id }) => id),
    figure: async (name: string) => {
      const { text } = await send(usher.operator, { method: 'GET', path: '/metrics' });
      return metric(text, name);
    },
  };
}

describe('AUDIT=buffered', () => {
  it('responds while no row can be written, and writes the rows later', async () => {
    const { usher, query, enters, kept, figure } = await start();
    await query('ALTER TABLE audit_log RENAME TO audit_log_gone');
    const [first, second] = [await enters(), await enters()];
    // The first is being tried; the second waits.
    while ((await figure('usher_audit_queue_entries')) !== 1);
    await query('ALTER TABLE audit_log_gone RENAME TO audit_log');
    while ((await kept()).length < 2) usher.clock.advance(5_000);
    expect((await kept()).sort()).toEqual([first, second].sort());
    expect(await figure('usher_audit_dropped_total')).toBe(0);
    await usher.stop();
  });

  it('has written all rows when Usher has stopped', async () => {
    const { usher, enters, kept } = await start();
    const ids = await Promise.all(Array.from({ length: 20 }, enters));
    await usher.stop();
    expect((await kept()).sort()).toEqual(ids.sort());
  });
});

describe('AUDIT=strict', () => {
  it('counts the written rows', async () => {
    const usher = await startUsher();
    const calls = 20;
    await Promise.all(Array.from({ length: calls }, () => send(usher.public, userRequest())));
    const { text } = await send(usher.operator, { method: 'GET', path: '/metrics' });
    const statements = metric(text, 'usher_audit_batch_entries_count');
    expect(metric(text, 'usher_audit_batch_entries_sum')).toBe(calls);
    expect(statements).toBeLessThanOrEqual(calls);
    expect(metric(text, 'usher_audit_write_duration_seconds_count')).toBe(statements);
    expect(metric(text, 'usher_audit_queue_entries')).toBe(0);
    await usher.stop();
  });
});
