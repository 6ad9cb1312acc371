import { describe, expect, it } from 'vitest';
import { createBatchedRead } from '../../src/database/batched-lookup.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';

/** Lets everything run on that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

interface Statement {
  readonly questions: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** A grouped read over statements that end when the test says so; the answer to a number is ten times as much. */
function start() {
  const statements: Statement[] = [];
  const read = createBatchedRead<number, number>(
    (questions) =>
      new Promise((resolve, reject) => {
        const answer = () => {
          resolve(questions.map((question) => question * 10));
        };
        statements.push({ questions, answer, fail: reject });
      }),
  );
  const outcomes: Record<number, unknown> = {};
  const ask = (...questions: readonly number[]) => {
    for (const question of questions) {
      outcomes[question] = 'open';
      read(question).then(
        (answer) => (outcomes[question] = answer),
        (error: unknown) => (outcomes[question] = error),
      );
    }
    return settle();
  };
  return { ask, statements, outcomes };
}

const outage = new Unavailable('database');

describe('a batched lookup', () => {
  it('combines concurrent requests, and gives each its own result', async () => {
    const { ask, statements, outcomes } = start();
    void ask(3, 1);
    await ask(2);
    expect(statements.map(({ questions }) => questions)).toEqual([[3, 1, 2]]);
    statements[0]?.answer();
    await settle();
    expect(outcomes).toEqual({ 1: 10, 2: 20, 3: 30 });
  });

  it('uses no statement that began before the request', async () => {
    const { ask, statements, outcomes } = start();
    await ask(1);
    await ask(2, 3);
    expect(statements.map(({ questions }) => questions)).toEqual([[1]]);
    statements[0]?.answer();
    await settle();
    expect(outcomes).toEqual({ 1: 10, 2: 'open', 3: 'open' });
    expect(statements.map(({ questions }) => questions)).toEqual([[1], [2, 3]]);
  });

  it('bounds a statement', async () => {
    const { ask, statements } = start();
    await ask(...Array.from({ length: 300 }, (_, i) => i));
    statements[0]?.answer();
    await settle();
    expect(statements.map(({ questions }) => questions.length)).toEqual([256, 44]);
  });

  it('rejects all queries of an outage, also the queued ones, and tries later ones', async () => {
    const { ask, statements, outcomes } = start();
    await ask(1);
    await ask(2);
    statements[0]?.fail(outage);
    await settle();
    expect(outcomes).toEqual({ 1: outage, 2: outage });
    await ask(3);
    statements[1]?.answer();
    await settle();
    expect(outcomes[3]).toBe(30);
  });

  it('does not fail queued requests after an unhandled error', async () => {
    const { ask, statements, outcomes } = start();
    const bug = new TypeError('a bug');
    await ask(1);
    await ask(2);
    statements[0]?.fail(bug);
    await settle();
    statements[1]?.answer();
    await settle();
    expect(outcomes).toEqual({ 1: bug, 2: 20 });
  });
});
