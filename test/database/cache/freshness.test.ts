import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Client } from 'pg';
import { expect, it, vi } from 'vitest';
import { cacheReads, type FactReads, createFindFact } from '../../../src/facts/fact-sources.ts';
import { createFindApplicationRelation } from '../../../src/facts/application-relations.ts';
import { createReadFactRow } from '../../../src/facts/fact-rows.ts';
import type { AuditEvent } from '../../../src/audit/audit-event.ts';
import { createAuditWriter } from '../../../src/audit/writer.ts';
import type { Database } from '../../../src/database/client.ts';
import { createRevocations } from '../../../src/database/repositories/revocations.ts';
import { createDeleteOldChanges } from '../../../src/database/cache/change-cleanup.ts';
import type { FactKind, Field } from '../../../src/policy/fact-kind.ts';
import { createTableCache, maxAgeMs } from '../../../src/database/cache/freshness.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';

/** A process with a cache: its queries, and whether a decision that used the cache was written. */
async function start(database: Database) {
  const clock = { now: 0 };
  /** Responses that have arrived and are not delivered yet, in the order of their statements. */
  const pending: (() => void)[] = [];
  const tables = createTableCache({ now: () => clock.now, lookups: { hits: 0, misses: 0 } });
  const requests: string[] = [];
  const findApplicationRelation = createFindApplicationRelation(database);
  const readRow = createReadFactRow(database, findApplicationRelation);
  const revocations = createRevocations(database);
  const reads: FactReads = {
    readRow: (kind, ids, viewer) => (requests.push(kind.name), readRow(kind, ids, viewer)),
    findApplicationRelation,
    revocations: {
      latest: (subjects) => (requests.push('revocation'), revocations.latest(subjects)),
    },
  };
  const { version } = tables;
  const cached = cacheReads(reads, tables);
  const memory = { ...cached, find: createFindFact(cached.readRow), version };
  const write = createAuditWriter(database, tables);
  const slowly = createAuditWriter(
    {
      ...database,
      execute: async (query) => {
        const rows = await database.execute(query);
        await new Promise<void>((resolve) => pending.push(resolve));
        return rows;
      },
    },
    tables,
  );
  const writeDecision = async (cacheVersion: number | undefined, by = write) => {
    const decision: AuditEvent = {
      decisionId: randomUUID(),
      requestId: 'r',
      address: '::1',
      at: 0,
      ...({ action: 'subscribe', outcome: 'grant', checks: [] } as const),
    };
    const [isKept] = await by([
      { decision, signals: [], ...(cacheVersion !== undefined && { cacheVersion }) },
    ]);
    return isKept;
  };
  /** Writes a decision with a statement whose response is delivered later: resolves when PostgreSQL has sent it. */
  const writeSlowly = async (asOf: number | undefined) => {
    const before = pending.length;
    const isKept = writeDecision(asOf, slowly);
    await vi.waitUntil(() => pending.length > before, { timeout: 30_000 });
    return { isKept };
  };
  /** Reads from the cache while something else runs, and returns the result and whether it is still valid. */
  const decide = async <T>(read: () => Promise<T>, meanwhile?: () => Promise<unknown>) => {
    const asOf = memory.version();
    const fact = await read();
    await meanwhile?.();
    return { fact, isKept: await writeDecision(asOf), asOf };
  };
  // The first statement sees the tables.
  await writeDecision(undefined);
  return { clock, tables, memory, requests, decide, writeDecision, writeSlowly, pending };
}

type Process = Awaited<ReturnType<typeof start>>;

const text: Field = {
  type: 'string',
  optional: false,
  maxLength: 255,
  maxItems: 0,
  dateMeansEndOfDay: false,
};
const bookings: FactKind = { name: 'booking', ids: ['hotel', 'id'], fields: { status: text } };
const escrows: FactKind = { ...bookings, name: 'escrow', ids: ['tenant', 'id'], tenant: 'tenant' };
const orders: FactKind = { ...bookings, name: 'order', ids: ['id'] };
const rooms: FactKind = {
  name: 'room',
  ids: ['id'],
  fields: { session: { ...text, type: 'guest_session', optional: true } },
};

const booking =
  ({ memory }: Process, id = 'B') =>
  () =>
    memory.find(bookings, ['h', id], {});
const escrow = ({ memory }: Process) => memory.find(escrows, ['t', 'e'], {});
const order = ({ memory }: Process) => memory.find(orders, ['o'], {});
const room = ({ memory }: Process) => memory.find(rooms, ['r'], {});
const revocation = ({ memory }: Process) =>
  memory.revocations.latest([{ kind: 'user', userId: 'u' }]);

/** Creates or replaces a fact with SQL. */
const putting = (kind: string, ids: string, fields: object) =>
  `INSERT INTO facts (kind, ids, fields) VALUES ('${kind}', '{${ids}}', '${JSON.stringify(fields)}')
   ON CONFLICT (kind, key) DO UPDATE SET fields = EXCLUDED.fields`;

describePostgres('a cache of tables', (server) => {
  const at = useDatabase(server);
  const change = (statement: string) => withClient(at.url, (admin) => admin.query(statement));
  const put = (id: string, status: string) => change(putting('booking', `h,${id}`, { status }));

  it('reads once for concurrent reads, also if a row is missing', async () => {
    await put('B', 'open');
    const process = await start(at.database);
    const { requests, decide } = process;
    const all = await Promise.all([1, 2, 3].map(() => decide(booking(process))));
    expect(all.map(({ fact, isKept }) => [fact?.['status'], isKept])).toEqual(
      Array(3).fill(['open', true]),
    );
    expect(await decide(booking(process, 'nobody'))).toMatchObject({ isKept: true });
    await decide(booking(process, 'nobody'));
    expect(requests).toEqual(['booking', 'booking']);
  });

  it('caches nothing before a statement has read the table state, and no failed lookup', async () => {
    const tables = createTableCache({ now: () => 0, lookups: { hits: 0, misses: 0 } });
    let calls = 0;
    const readCached = tables.cacheOf(['bookings']);
    const read = () =>
      readCached('the key', () => ((calls += 1), Promise.reject(new Error('down'))));
    expect(tables.version()).toBe(undefined);
    await expect(read()).rejects.toThrow('down');
    tables.refresh({ watched: '1 bookings:1', horizon: '5', changes: [] }, tables.snapshot());
    await expect(read()).rejects.toThrow('down');
    await expect(read()).rejects.toThrow('down');
    expect(calls).toBe(3);
  });

  it('resets when another server has the same address, and sends no transaction id of the old one', async () => {
    const tables = createTableCache({ now: () => 0, lookups: { hits: 0, misses: 0 } });
    let calls = 0;
    const readCached = tables.cacheOf<number>(['bookings']);
    const read = () => readCached('the key', () => Promise.resolve((calls += 1)));
    const changes = [{ xid: '7', changed: 'orders' }];
    tables.refresh({ watched: '1 bookings:1', horizon: '5', changes: [] }, tables.snapshot());
    await read();
    tables.refresh({ watched: '1 bookings:1', horizon: '5', changes }, tables.snapshot());
    expect([await read(), tables.snapshot().xids]).toEqual([1, '{7}']);
    const version = tables.version();
    tables.refresh({ watched: '2 bookings:1', horizon: '3', changes: [] }, tables.snapshot());
    expect(tables.version()).not.toBe(version);
    expect([await read(), tables.snapshot()]).toEqual([
      2,
      { watched: '2 bookings:1', horizon: '3', xids: '{}' },
    ]);
  });

  it('caches again immediately after a table was rewritten, even if an old transaction is open', () => {
    const tables = createTableCache({ now: () => 0, lookups: { hits: 0, misses: 0 } });
    const changes = [{ xid: '7', changed: 'bookings' }];
    tables.refresh({ watched: '1 bookings:1', horizon: '5', changes }, tables.snapshot());
    tables.refresh({ watched: '1 bookings:2', horizon: '5', changes: [] }, tables.snapshot());
    expect(tables.snapshot()).toEqual({ watched: '1 bookings:2', horizon: '5', xids: '{7}' });
  });

  const ofC = `kind = 'booking' AND ids[2] = 'C'`;

  it.each([
    [`UPDATE facts SET fields = '{"status":"cancelled"}' WHERE ${ofC}`],
    [`UPDATE facts SET kind = 'other' WHERE ${ofC}`],
    [`UPDATE facts SET ids = '{h,D}' WHERE ${ofC}; DELETE FROM facts WHERE ids[2] = 'D'`],
    [`UPDATE bookings SET status = 'cancelled' WHERE booking_id = 'C'`],
    [`DELETE FROM facts WHERE ${ofC}`],
    [`DELETE FROM bookings WHERE booking_id = 'C'`],
    [`TRUNCATE facts`],
    [`SET session_replication_role = replica; DELETE FROM facts`],
    [`WITH gone AS (DELETE FROM facts WHERE ${ofC} RETURNING *) SELECT * FROM gone`],
    [`BEGIN; SAVEPOINT a; DELETE FROM facts; ROLLBACK TO a; DELETE FROM facts; COMMIT`],
  ])('writes no decision that used rows from before "%s"', async (statement) => {
    await put('C', 'open');
    const process = await start(at.database);
    await process.decide(booking(process, 'C'));
    const late = await process.decide(booking(process, 'C'), () => change(statement));
    expect(late).toMatchObject({ fact: { status: 'open' }, isKept: false });
    const next = await process.decide(booking(process, 'C'));
    expect([next.fact?.['status'], next.isKept]).not.toContain('open');
    expect(next.isKept).toBe(true);
  });

  it.each<readonly [string, (process: Process) => Promise<unknown>, string]>([
    ['escrow', escrow, putting('escrow', 't,e', { status: 'x' })],
    ['escrow', escrow, `UPDATE facts SET kind = 'escrow' WHERE kind = 'order'; DELETE FROM facts`],
    ['order', order, `INSERT INTO orders VALUES ('o', 'u')`],
    ['order', order, `UPDATE facts SET kind = 'another' WHERE kind = 'order'`],
    ['room', room, putting('room', 'r', { session: 's' })],
    [
      'room',
      room,
      `INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, expires_at) VALUES ('s', 'h', 'u', now())`,
    ],
    ['room', room, `UPDATE guest_sessions SET linked_user_id = 'v' WHERE session_id = 's'`],
    ['room', room, `DELETE FROM guest_sessions`],
    ['room', room, `TRUNCATE guest_sessions`],
    [
      'revocation',
      revocation,
      `INSERT INTO revocations (subject, issued_before) VALUES ('["user","u"]', now())`,
    ],
  ])('treats a %s as possibly changed (%#)', async (_name, read, statement) => {
    const process = await start(at.database);
    expect(await process.decide(() => read(process))).toMatchObject({ isKept: true });
    expect(
      await process.decide(
        () => read(process),
        () => change(statement),
      ),
    ).toMatchObject({
      isKept: false,
    });
    expect(await process.decide(() => read(process))).toMatchObject({ isKept: true });
    expect(process.requests).toHaveLength(2);
  });

  it('reads only the changed kind again', async () => {
    const process = await start(at.database);
    await process.decide(booking(process, 'K'));
    await process.decide(() => order(process));
    await put('K', 'open');
    await process.decide(booking(process, 'K'));
    await process.decide(() => order(process));
    await process.decide(booking(process, 'K'));
    expect(process.requests).toEqual(['booking', 'order', 'booking']);
  });

  it('ignores sessions that are not linked, and unknown tables', async () => {
    const process = await start(at.database);
    await process.decide(() => room(process));
    const late = await process.decide(
      () => room(process),
      () =>
        change(`
          INSERT INTO guest_sessions (session_id, token_hash, expires_at) VALUES ('n', 'n', now());
          UPDATE guest_sessions SET ended_at = now() WHERE session_id = 'n';
          DELETE FROM guest_sessions WHERE session_id = 'n'`),
    );
    expect(late.isKept).toBe(true);
    expect(process.requests).toEqual(['room']);
  });

  it('detects a transaction that began long ago, and commits after many others', async () => {
    await put('L', 'open');
    const process = await start(at.database);
    await withClient(at.url, async (slow) => {
      await slow.query(`BEGIN; ${putting('booking', 'h,L', { status: 'cancelled' })}`);
      for (let others = 0; others < 5; others += 1) {
        await put(`other-${others}`, 'open');
        await process.decide(booking(process, 'L'));
      }
      expect(await process.decide(booking(process, 'L'))).toMatchObject({
        fact: { status: 'open' },
        isKept: true,
      });
      await slow.query('COMMIT');
    });
    expect((await process.decide(booking(process, 'L'))).isKept).toBe(false);
    expect(await process.decide(booking(process, 'L'))).toMatchObject({
      fact: { status: 'cancelled' },
      isKept: true,
    });
  });

  it('does not cache rows that were read while another statement reported a change', async () => {
    await put('R', 'open');
    const process = await start(at.database);
    const { memory, decide, writeDecision } = process;
    const slow = await decide(booking(process, 'R'), async () => {
      await put('R', 'cancelled');
      // Another decision returns the change, after which all changes are processed; but this row was read before.
      await writeDecision(memory.version());
    });
    expect(slow).toMatchObject({ fact: { status: 'open' }, isKept: false });
    expect(await decide(booking(process, 'R'))).toMatchObject({ fact: { status: 'cancelled' } });
  });

  it('ignores a statement that was sent before the first table state, and returned after another one', async () => {
    await put('N', 'open');
    const process = await start(at.database);
    const { clock, memory, decide, writeDecision, writeSlowly, pending } = process;
    clock.now += maxAgeMs;
    expect(memory.version()).toBe(undefined);
    await writeDecision(undefined);
    expect((await decide(booking(process, 'N'))).fact?.['status']).toBe('open');
    // The statement is sent before the change, and PostgreSQL runs it after the change.
    const known = vi.spyOn(process.tables, 'snapshot');
    known.mockReturnValueOnce({ watched: null, horizon: null, xids: '{}' });
    await put('N', 'cancelled');
    const { isKept } = await writeSlowly(undefined);
    pending.pop()?.();
    await isKept;
    const next = await decide(booking(process, 'N'));
    expect([next.fact?.['status'], next.isKept]).toEqual(['cancelled', true]);
  });

  it('never caches a view, nor a table whose trigger is disabled', async () => {
    const replaced: readonly (readonly [string, string])[] = [
      [
        'ALTER TABLE facts RENAME TO stays; CREATE VIEW facts AS SELECT * FROM stays; GRANT SELECT ON facts TO PUBLIC',
        'DROP VIEW facts; ALTER TABLE stays RENAME TO facts',
      ],
      [
        'ALTER TABLE facts DISABLE TRIGGER usher_note_change',
        'ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_note_change',
      ],
      [
        'ALTER TABLE facts ENABLE TRIGGER usher_note_change',
        'ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_note_change',
      ],
    ];
    for (const [replace, restore] of replaced) {
      const process = await start(at.database);
      await process.decide(booking(process, 'V'));
      expect(await process.decide(booking(process, 'V'), () => change(replace))).toMatchObject({
        isKept: false,
      });
      process.requests.length = 0;
      await process.decide(booking(process, 'V'));
      await process.decide(booking(process, 'V'));
      await process.decide(() => revocation(process));
      await process.decide(() => revocation(process));
      expect(process.requests).toEqual(['booking', 'booking', 'revocation']);
      await change(restore);
    }
  });

  it('resets after ten minutes without a statement, and when the clock was set back', async () => {
    for (const later of [maxAgeMs, -1]) {
      const process = await start(at.database);
      const { asOf } = await process.decide(booking(process));
      process.clock.now += later;
      expect(process.memory.version()).toBe(undefined);
      expect(await process.writeDecision(asOf)).toBe(false);
      await process.writeDecision(undefined);
      await process.decide(booking(process));
      expect(process.requests).toEqual(['booking', 'booking']);
    }
  });

  it('deletes changes that every replica has read, and those of another server', async () => {
    const process = await start(at.database);
    const deleteOld = createDeleteOldChanges(at.database, process.tables);
    const count = async () => {
      const { rows } = await change('SELECT count(*)::int AS count FROM table_changes');
      return (rows[0] as { count: number }).count;
    };
    // A transaction of another database on this server may hold the horizon back, since all have one.
    const isPastChanges = async () => {
      await process.writeDecision(undefined);
      const { rows } = await change(
        `SELECT coalesce(max(xid) < ${process.tables.snapshot().horizon}, true) AS past FROM table_changes`,
      );
      return (rows[0] as { past: boolean }).past;
    };
    await expect.poll(isPastChanges, { timeout: 30_000 }).toBe(true);
    await change(`INSERT INTO table_changes VALUES (9000000000000, 'facts:booking', '2020-01-01')`);
    const before = await count();
    expect(await deleteOld(0)).toBe(0);
    expect(await deleteOld(maxAgeMs)).toBe(0);
    expect(await count()).toBe(before);
    await put('recent', 'open');
    expect(await deleteOld(2 * maxAgeMs)).toBe(before);
    expect(await count()).toBe(1);
  });

  it('ignores a change of another server with a higher transaction id, as after a restore', async () => {
    await put('F', 'open');
    const process = await start(at.database);
    await process.decide(booking(process, 'F'));
    // Every next transaction number already has a row in `table_changes`, as after a dump of a server with higher numbers.
    await change(`INSERT INTO table_changes (xid, changed)
      SELECT xid, changed FROM unnest(ARRAY['facts:booking', 'revocations']) AS changed, generate_series(
        pg_current_xact_id()::text::bigint + 1, pg_current_xact_id()::text::bigint + 5000) AS xid`);
    for (const status of ['cancelled', 'open', 'cancelled']) {
      for (let settled = 0; settled < 3; settled += 1) await process.decide(booking(process, 'F'));
      await put('F', status);
      const late = await process.decide(booking(process, 'F'));
      expect(late.isKept && late.fact?.['status'] !== status).toBe(false);
      const next = await process.decide(booking(process, 'F'));
      expect(next.fact?.['status']).toBe(status);
    }
    const fresh = await start(at.database);
    await fresh.decide(booking(fresh, 'F'));
    await put('F', 'open');
    expect((await fresh.decide(booking(fresh, 'F'))).isKept).toBe(false);
    expect((await fresh.decide(booking(fresh, 'F'))).fact?.['status']).toBe('open');
    await change('DELETE FROM table_changes');
  });

  it('detects a transaction with the id of an earlier change at another server', async () => {
    await put('G', 'open');
    const process = await start(at.database);
    await process.decide(booking(process, 'G'));
    await withClient(at.url, async (slow) => {
      await slow.query('BEGIN');
      const { rows } = await slow.query<{ xid: string }>(
        'SELECT pg_current_xact_id()::text AS xid',
      );
      await change(
        `INSERT INTO table_changes VALUES (${rows[0]!.xid}, 'facts:booking', '2020-01-01')`,
      );
      for (let settled = 0; settled < 3; settled += 1) await process.decide(booking(process, 'G'));
      await slow.query(`${putting('booking', 'h,G', { status: 'cancelled' })}; COMMIT`);
    });
    expect((await process.decide(booking(process, 'G'))).isKept).toBe(false);
    expect((await process.decide(booking(process, 'G'))).fact?.['status']).toBe('cancelled');
  });

  it.each([
    [
      'a disabled trigger, enabled again after the change',
      `ALTER TABLE facts DISABLE TRIGGER usher_note_change;
       ${putting('booking', 'h,S', { status: 'cancelled' })};
       ALTER TABLE facts ENABLE ALWAYS TRIGGER usher_note_change`,
    ],
    [
      'a column that was rewritten without a trigger',
      `DROP VIEW bookings, escrows, rooms, orders;
       ALTER TABLE facts ALTER fields TYPE jsonb USING '{"status": "cancelled"}'`,
    ],
  ])('does not cache rows that %s has changed', async (_what, statement) => {
    await put('S', 'open');
    const process = await start(at.database);
    await process.decide(booking(process, 'S'));
    const late = await process.decide(booking(process, 'S'), () => change(statement));
    expect(late).toMatchObject({ fact: { status: 'open' }, isKept: false });
    expect((await process.decide(booking(process, 'S'))).fact?.['status']).toBe('cancelled');
  });

  it('caches nothing on a connection to an unknown server', async () => {
    const unset: Database = {
      ...at.database,
      execute: (statement) =>
        at.database.execute({
          ...statement,
          name: `unset_${statement.name}`,
          text: statement.text.replaceAll("'usher.server'", "'usher.nothing'"),
        }),
    };
    const process = await start(unset);
    expect(process.memory.version()).toBe(undefined);
    await process.decide(booking(process, 'U'));
    await process.decide(booking(process, 'U'));
    expect(process.requests).toEqual(['booking', 'booking']);
  });

  it('deletes no change of a server with lower transaction ids by the horizon of the previous server', async () => {
    const seen = { watched: 'other bookings:1', horizon: '9000000000000', changes: [] };
    const tables = createTableCache({ now: () => 0, lookups: { hits: 0, misses: 0 } });
    tables.refresh(seen, tables.snapshot());
    const deleteOld = createDeleteOldChanges(at.database, tables);
    await put('W', 'open');
    const count = async () => (await change('SELECT FROM table_changes')).rowCount;
    const before = await count();
    await deleteOld(0);
    await deleteOld(2 * maxAgeMs);
    expect(await count()).toBe(before);
  });

  it('never caches an outdated row, whatever transactions run', async () => {
    const clients = [0, 1, 2].map(
      () => new Client({ connectionString: at.url.reveal(), options: '-c search_path=usher' }),
    );
    for (const client of clients) await client.connect();
    const ids = ['p0', 'p1', 'p2'];
    const steps = fc.array(
      fc.record({
        who: fc.nat(2),
        what: fc.constantFrom(
          ...(['change', 'commit', 'rollback', 'decide', 'decide', 'late'] as const),
          ...(['decide slowly', 'deliver', 'begin anew'] as const),
        ),
        to: fc.constantFrom('open', 'cancelled'),
      }),
      { minLength: 5, maxLength: 25 },
    );
    try {
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          for (const id of ids) await put(id, 'open');
          const process = await start(at.database);
          const truth = new Map(ids.map((id) => [id, 'open']));
          const pending = new Map<number, string>();
          const slow: (() => Promise<unknown>)[] = [];
          const end = async (who: number, how: 'COMMIT' | 'ROLLBACK') => {
            const to = pending.get(who);
            pending.delete(who);
            await clients[who]!.query(how);
            if (how === 'COMMIT' && to !== undefined) truth.set(ids[who]!, to);
          };
          const change = async (who: number, to: string) => {
            if (!pending.has(who)) await clients[who]!.query('BEGIN');
            pending.set(who, to);
            // Each has its own booking: two updates of one would wait for each other.
            await clients[who]!.query(putting('booking', `h,${ids[who]}`, { status: to }));
          };
          /** Delivers one of the pending responses, in any order. */
          const deliver = async (which: number) => {
            const [arrive] = process.pending.splice(which % process.pending.length, 1);
            const [check] = slow.splice(which % slow.length, 1);
            arrive?.();
            await check?.();
          };
          for (const { who, what, to } of history) {
            if (what === 'change') await change(who, to);
            else if (what === 'commit') await end(who, 'COMMIT');
            else if (what === 'rollback') await end(who, 'ROLLBACK');
            else if (what === 'begin anew') process.clock.now += maxAgeMs;
            else if (what === 'deliver') await deliver(who);
            else if (what === 'decide slowly') {
              const asOf = process.memory.version();
              const fact = await booking(process, ids[who])();
              const { isKept } = await process.writeSlowly(asOf);
              const then = truth.get(ids[who]!);
              slow.push(async () => {
                if (await isKept) expect(fact?.['status']).toBe(then);
              });
            } else {
              const id = ids[who]!;
              const meanwhile = what === 'late' ? () => end((who + 1) % 3, 'COMMIT') : undefined;
              const { fact, isKept } = await process.decide(booking(process, id), meanwhile);
              if (isKept) expect(fact?.['status']).toBe(truth.get(id));
            }
          }
          for (const who of pending.keys()) await end(who, 'ROLLBACK');
          while (slow.length > 0) await deliver(0);
          for (const id of ids) {
            await process.decide(booking(process, id));
            const settled = await process.decide(booking(process, id));
            expect([settled.fact?.['status'], settled.isKept]).toEqual([truth.get(id), true]);
          }
        }),
        { numRuns: 40 },
      );
    } finally {
      for (const client of clients) await client.end();
    }
  });
});
