import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/database/sql/connection-pool.ts';
import { groupRequests } from '../../../src/database/sql/grouped-requests.ts';
import type {
  BoundStatement,
  SqlResult,
  SqlRequest,
  SqlRows,
} from '../../../src/database/sql/sql-result.ts';

const column = { name: 'v', type: 'text' };
const rowsOf = (...rows: readonly unknown[][]): SqlResult => ({ columns: [column], rows });

/** A statement whose groups have their size as their name. */
const statement: BoundStatement = {
  name: 'single',
  text: '',
  binds: ['id'],
  grouped: (size) => ({ name: `group of ${size}`, text: '', binds: [] }),
};

type Respond = (request: SqlRequest) => SqlResult | Error;

/** Each value `x` finds the row `row x`; a group has the number of the request before. */
const found: Respond = ({ statement: { name }, values }) =>
  name === 'single'
    ? rowsOf(...values.map((value) => [`row ${value}`]))
    : {
        columns: [{ name: '?column?', type: 'int4' }, column],
        // In another order than that of the requests.
        rows: values.map((value, place) => [String(place), `row ${value}`]).reverse(),
      };

function start(respondWith: Respond = found) {
  const requests: string[] = [];
  let time = 0;
  let tookMs = 1;
  let waitMs = 0;
  const query = groupRequests({
    execute: (request) => {
      requests.push(request.statement.name);
      time += tookMs;
      const result = respondWith(request);
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
    },
    inTurn: (work) => {
      time += waitMs;
      return work();
    },
    now: () => time,
  });
  const sendAll = (count: number, of = statement) =>
    Promise.allSettled(
      Array.from({ length: count }, (_, i) => query({ statement: of, values: [String(i)] })),
    );
  /** Single requests with fast responses, after which groups may have any size. */
  const grow = async () => {
    for (let i = 0; i < 5; i += 1) await sendAll(1);
    requests.length = 0;
  };
  const slow = (ms: number) => (tookMs = ms);
  /** Sets how long a statement is queued. */
  const wait = (ms: number) => (waitMs = ms);
  /** The statements since the last call. */
  const statements = () => requests.splice(0);
  return { sendAll, grow, statements, slow, wait };
}

const responsesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    status: 'fulfilled',
    value: rowsOf([`row ${i}`]),
  }));

const cancelled = (code: string) => new ServerError('refused', { cause: { code } });

describe('requests with the same statement', () => {
  it('of one turn of the event loop are sent together, each with its own response', async () => {
    const { sendAll, grow, statements } = start();
    await grow();
    expect(await sendAll(31)).toEqual(responsesOf(31));
    expect(statements()).toEqual([
      'group of 16',
      'group of 8',
      'group of 4',
      'group of 2',
      'single',
    ]);
  });

  it('are sent alone if the dialect has no groups', async () => {
    const { sendAll, statements } = start();
    expect(await sendAll(3, { name: 'single', text: '', binds: ['id'] })).toEqual(responsesOf(3));
    expect(statements()).toEqual(['single', 'single', 'single']);
  });

  it('are first sent alone, to determine the columns, and then in growing groups', async () => {
    const { sendAll, statements } = start();
    await sendAll(3);
    expect(statements()).toEqual(['single', 'single', 'single']);
    await sendAll(3);
    expect(statements()).toEqual(['group of 2', 'single']);
  });

  it('are sent alone after a slow response, and together again after fast ones', async () => {
    const { sendAll, grow, statements, slow } = start();
    await grow();
    slow(51);
    await sendAll(16);
    expect(statements()).toEqual(['group of 16']);
    slow(1);
    await sendAll(2);
    expect(statements()).toEqual(['single', 'single']);
    await sendAll(4);
    expect(statements()).toEqual(['group of 4']);
  });

  it('are sent together although statements are queued', async () => {
    const { sendAll, grow, statements, wait } = start();
    await grow();
    wait(1_000);
    await sendAll(16);
    await sendAll(16);
    expect(statements()).toEqual(['group of 16', 'group of 16']);
  });

  it('are sent alone if the server refuses the group, so that only the invalid one fails', async () => {
    const refused = new ServerError('refused', { cause: { code: '22012' } });
    const { sendAll, grow, statements } = start((request) =>
      request.values.includes('2') ? refused : found(request),
    );
    await grow();
    const expected: unknown[] = responsesOf(4);
    expected[2] = { status: 'rejected', reason: refused };
    expect(await sendAll(4)).toEqual(expected);
    expect(statements()).toEqual(['group of 4', 'single', 'single', 'single', 'single']);
  });

  it('are sent alone if a value of the group cannot exist', async () => {
    const { sendAll, grow, statements } = start((request) =>
      request.values.includes('2') ? 'impossible-value' : found(request),
    );
    await grow();
    const expected: unknown[] = responsesOf(4);
    expected[2] = { status: 'fulfilled', value: 'impossible-value' };
    expect(await sendAll(4)).toEqual(expected);
    expect(statements()).toHaveLength(5);
    await sendAll(2);
    expect(statements()).toEqual(['single', 'single']);
  });

  it('are sent alone if the columns of a group differ from those of a single request', async () => {
    let type = 'tinyint(1)';
    const { sendAll, grow, statements } = start((request) => {
      const response = found(request) as SqlRows;
      const own = { name: 'v', type: request.values.length > 1 ? 'tinyint' : type };
      return { ...response, columns: [...response.columns.slice(0, -1), own] };
    });
    const query = async () => {
      await sendAll(4);
      return statements();
    };
    await grow();
    expect(await query()).toEqual(['group of 4', 'single', 'single', 'single', 'single']);
    await grow();
    expect(await query()).toEqual(['single', 'single', 'single', 'single']);
    // The column has another type now.
    type = 'tinyint';
    await grow();
    expect(await query()).toEqual(['group of 4']);
  });

  it('have the columns of a request alone, because all columns of a union are computed', async () => {
    const { sendAll, grow } = start((request) => {
      const response = found(request) as SqlRows;
      const own = { ...column, isComputed: request.values.length > 1 };
      return { ...response, columns: [...response.columns.slice(0, -1), own] };
    });
    await grow();
    const [result] = await sendAll(4);
    expect(result).toMatchObject({ value: { columns: [{ isComputed: false }] } });
  });

  it.each([
    ['the connection is lost', new Error('lost')],
    ['PostgreSQL cancels the statement', cancelled('57014')],
    ['MariaDB cancels the statement', cancelled('ER_STATEMENT_TIMEOUT')],
    ['MySQL cancels the statement', cancelled('ER_QUERY_TIMEOUT')],
  ])('fail together if %s', async (_, error) => {
    const { sendAll, grow, statements } = start((request) =>
      request.values.length > 1 ? error : found(request),
    );
    await grow();
    expect(await sendAll(4)).toEqual(Array(4).fill({ status: 'rejected', reason: error }));
    expect(statements()).toEqual(['group of 4']);
  });
});
