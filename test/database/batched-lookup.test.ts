import { describe, expect, it } from 'vitest';
import { createBatchedRead } from '../../src/database/batched-lookup.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';

/** Runs all callbacks that are ready. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

interface Statement {
  readonly requests: readonly number[];
  readonly complete: () => void;
  readonly fail: (error: Error) => void;
}

/** A grouped read whose statements end when the test resolves them; the result of a number is ten times the number. */
function start() {
  const statements: Statement[] = [];
  const read = createBatchedRead<number, number>(
    (requests) =>
      new Promise((resolve, reject) => {
        const complete = () => {
          resolve(requests.map((request) => request * 10));
        };
        statements.push({ requests, complete, fail: reject });
      }),
  );
  const outcomes: Record<number, unknown> = {};
  const lookUp = (...requests: readonly number[]) => {
    for (const request of requests) {
      outcomes[request] = 'open';
      read(request).then(
        (complete) => (outcomes[request] = complete),
        (error: unknown) => (outcomes[request] = error),
      );
    }
    return settle();
  };
  return { lookUp, statements, outcomes };
}

const outage = new Unavailable('database');

describe('a batched lookup', () => {
  it('combines concurrent requests, and gives each its own result', async () => {
    const { lookUp, statements, outcomes } = start();
    void lookUp(3, 1);
    await lookUp(2);
    expect(statements.map(({ requests }) => requests)).toEqual([[3, 1, 2]]);
    statements[0]?.complete();
    await settle();
    expect(outcomes).toEqual({ 1: 10, 2: 20, 3: 30 });
  });

  it('uses no statement that started before the request', async () => {
    const { lookUp, statements, outcomes } = start();
    await lookUp(1);
    await lookUp(2, 3);
    expect(statements.map(({ requests }) => requests)).toEqual([[1]]);
    statements[0]?.complete();
    await settle();
    expect(outcomes).toEqual({ 1: 10, 2: 'open', 3: 'open' });
    expect(statements.map(({ requests }) => requests)).toEqual([[1], [2, 3]]);
  });

  it('limits the size of a statement', async () => {
    const { lookUp, statements } = start();
    await lookUp(...Array.from({ length: 300 }, (_, i) => i));
    statements[0]?.complete();
    await settle();
    expect(statements.map(({ requests }) => requests.length)).toEqual([256, 44]);
  });

  it('rejects all lookups during an outage, including queued ones, and retries with later ones', async () => {
    const { lookUp, statements, outcomes } = start();
    await lookUp(1);
    await lookUp(2);
    statements[0]?.fail(outage);
    await settle();
    expect(outcomes).toEqual({ 1: outage, 2: outage });
    await lookUp(3);
    statements[1]?.complete();
    await settle();
    expect(outcomes[3]).toBe(30);
  });

  it('does not fail queued lookups after an unhandled error', async () => {
    const { lookUp, statements, outcomes } = start();
    const bug = new TypeError('a bug');
    await lookUp(1);
    await lookUp(2);
    statements[0]?.fail(bug);
    await settle();
    statements[1]?.complete();
    await settle();
    expect(outcomes).toEqual({ 1: bug, 2: 20 });
  });
});
