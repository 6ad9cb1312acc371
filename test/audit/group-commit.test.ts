import { describe, expect, it } from 'vitest';
import { createGroupCommit, type GroupCommitLimits } from '../../src/audit/queue.ts';
import { RowRefused, Unavailable } from '../../src/runtime/unavailable.ts';

/** Runs all callbacks that are ready. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

interface Statement {
  readonly rows: readonly string[];
  readonly commit: () => void;
  readonly fail: (error: Error) => void;
}

/** A group commit whose statements end when the test resolves them. */
function start(limits: Partial<GroupCommitLimits> = {}) {
  const statements: Statement[] = [];
  const commit = createGroupCommit<string, string>({
    limits: { maxBatch: 3, maxQueued: 5, ...limits },
    write: (rows) =>
      new Promise((resolve, reject) => {
        const commitAll = () => {
          resolve(rows.map((row) => `${row} kept`));
        };
        statements.push({ rows, commit: commitAll, fail: reject });
      }),
  });
  const outcomes: Record<string, unknown> = {};
  const append = (...rows: readonly string[]) => {
    for (const row of rows) {
      outcomes[row] = 'open';
      commit.append(row).then(
        (written) => (outcomes[row] = written),
        (error: unknown) => (outcomes[row] = error),
      );
    }
  };
  return { ...commit, append, outcomes, statements };
}

const outage = new Unavailable('database');

describe('a group commit', () => {
  it('writes the first row immediately, later rows together, and one statement at a time', async () => {
    const { append, statements, outcomes, queued } = start();
    append('a');
    expect(statements.map(({ rows }) => rows)).toEqual([['a']]);
    append('b', 'c');
    await settle();
    expect([statements.length, queued()]).toEqual([1, 2]);
    statements[0]?.commit();
    await settle();
    expect(statements.map(({ rows }) => rows)).toEqual([['a'], ['b', 'c']]);
    // No caller gets a result before its own statement has ended.
    expect(outcomes).toEqual({ a: 'a kept', b: 'open', c: 'open' });
    statements[1]?.commit();
    await settle();
    expect(outcomes).toEqual({ a: 'a kept', b: 'b kept', c: 'c kept' });
    append('d');
    expect(statements.at(-1)?.rows).toEqual(['d']);
  });

  it('writes a second statement at the same time while many rows wait, and is idle after both', async () => {
    const { append, statements, outcomes, queued, idle } = start({ threshold: 2 });
    append('a', 'b');
    expect(statements.map(({ rows }) => rows)).toEqual([['a']]);
    append('c');
    expect(statements.map(({ rows }) => rows)).toEqual([['a'], ['b', 'c']]);
    append('d', 'e');
    // Never a third.
    expect([statements.length, queued()]).toEqual([2, 2]);
    let isIdle = false;
    void idle().then(() => (isIdle = true));
    statements[1]?.commit();
    await settle();
    expect(outcomes).toMatchObject({ a: 'open', b: 'b kept', c: 'c kept' });
    expect(statements[2]?.rows).toEqual(['d', 'e']);
    statements[0]?.commit();
    await settle();
    expect([outcomes['a'], isIdle]).toEqual(['a kept', false]);
    statements[2]?.commit();
    await settle();
    expect([outcomes['e'], isIdle]).toEqual(['e kept', true]);
  });

  it('bounds a statement, and keeps the order', async () => {
    const { append, statements } = start();
    append('a', 'b', 'c', 'd', 'e');
    for (const index of [0, 1, 2]) {
      statements[index]?.commit();
      await settle();
    }
    expect(statements.map(({ rows }) => rows)).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
  });

  it('refuses rows over the limit immediately, and accepts more after a write', async () => {
    const { append, statements, outcomes } = start({ maxQueued: 2 });
    append('a', 'b', 'c', 'd');
    await settle();
    expect(outcomes).toMatchObject({ a: 'open', b: 'open', c: 'open' });
    expect(outcomes['d']).toBeInstanceOf(Unavailable);
    statements[0]?.commit();
    await settle();
    append('e');
    await settle();
    expect(outcomes['e']).toBe('open');
  });

  it('rejects all rows during an outage, including queued ones, and retries with later ones', async () => {
    const { append, statements, outcomes } = start();
    append('a', 'b');
    statements[0]?.fail(outage);
    await settle();
    expect(outcomes).toEqual({ a: outage, b: outage });
    append('c');
    statements[1]?.commit();
    await settle();
    expect(outcomes['c']).toBe('c kept');
  });

  it.each([['r'], ['r', 'b'], ['a', 'r'], ['a', 'b', 'r', 'd', 'e'], ['r', 'b', 'r2', 'd']])(
    'a row that cannot be written does not fail the others (%s %s %s %s %s)',
    async (...rows) => {
      const kept: string[] = [];
      const refused = new RowRefused(false);
      const commit = createGroupCommit<string, string>({
        limits: { maxBatch: 8, maxQueued: 8 },
        write: async (batch) => {
          await settle();
          if (batch.some((row) => row.startsWith('r'))) throw refused;
          kept.push(...batch);
          return batch;
        },
      });
      const [, ...outcomes] = await Promise.allSettled(['first', ...rows].map(commit.append));
      expect(outcomes.map(({ status }) => status)).toEqual(
        rows.map((row) => (row.startsWith('r') ? 'rejected' : 'fulfilled')),
      );
      expect(kept).toEqual(['first', ...rows.filter((row) => !row.startsWith('r'))]);
    },
  );

  it('does not fail queued rows after a rejected row or an unhandled error', async () => {
    for (const error of [new RowRefused(false), new TypeError('a bug')]) {
      const { append, statements, outcomes } = start();
      append('a', 'b');
      statements[0]?.fail(error);
      await settle();
      statements[1]?.commit();
      await settle();
      expect(outcomes).toEqual({ a: error, b: 'b kept' });
    }
  });

  it('is idle when no row is queued or being written', async () => {
    const { append, statements, idle } = start();
    await idle();
    append('a', 'b');
    let isIdle = false;
    const done = idle().then(() => (isIdle = true));
    statements[0]?.commit();
    await settle();
    expect(isIdle).toBe(false);
    statements[1]?.commit();
    await done;
  });
});
