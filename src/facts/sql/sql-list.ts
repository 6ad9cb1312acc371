import { idColumnTypes } from '../../database/sql/read-value.ts';
import { mysqlListStatement } from '../../database/sql/mysql-statement.ts';
import { postgresListStatement } from '../../database/sql/postgres-statement.ts';
import type { SqlColumn } from '../../database/sql/sql-result.ts';
import type { SqlList } from '../../policy/channel-type.ts';
import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { createSingleFlight } from '../../runtime/single-flight.ts';
import { pageLimit, type ListedIds } from '../list-pages.ts';
import { UnusableResponse } from '../source-errors.ts';
import { isPossibleValue, type SqlFactDeps } from './sql-facts.ts';

/** Reads up to `pageLimit` rows of a list after these texts, in the order of their texts. Throws `Unavailable`. */
export type ListAtSource = (
  list: SqlList,
  values: Readonly<Record<string, string>>,
  after: readonly string[],
) => Promise<ListedIds>;

type ReadList = (
  values: Readonly<Record<string, string>>,
  after: readonly string[],
) => Promise<ListedIds>;

type Deps = Pick<SqlFactDeps, 'execute'>;

/** Creates the function that reads the rows of a list. Throws `Unavailable`, and `UnusableResponse` for a result without the parameters. */
export function createSqlList(
  { params }: SqlList,
  query: SqlStatement,
  { execute }: Deps,
): ReadList {
  const statement = statementOf(params, query);
  const once = createSingleFlight<ListedIds>();
  return async (values, after) => {
    const texts = statement.binds.map((name) => values[name] ?? '');
    if (!texts.every(isPossibleValue)) return [];
    return once(JSON.stringify([texts, after]), async () => {
      const result = await execute({ statement, values: [...texts, ...after] });
      if (result === 'impossible-value') return [];
      checkColumns(params, result.columns);
      return result.rows.map((row) => row.slice(params.length).map(readText));
    });
  };
}

/** Executes the query without values, so that the server describes the columns of the result. Throws `Unavailable`, and `UnusableResponse`. */
export async function checkSqlList(
  { params }: SqlList,
  query: SqlStatement,
  { execute }: Deps,
): Promise<void> {
  const statement = statementOf(params, query);
  const values = [...statement.binds, ...params].map(() => null);
  const result = await execute({ statement, values });
  if (result !== 'impossible-value') checkColumns(params, result.columns);
}

function statementOf(columns: readonly string[], query: SqlStatement) {
  const page = { columns, limit: pageLimit };
  return query.dialect === 'postgres'
    ? postgresListStatement(query, page)
    : mysqlListStatement(query, page);
}

function checkColumns(params: readonly string[], columns: readonly SqlColumn[]): void {
  for (const [place, name] of params.entries()) {
    const type = columns[place]?.type ?? 'missing';
    // The type of a column that is always NULL is not known.
    if (type === 'null' || idColumnTypes.includes(type)) continue;
    throw new UnusableResponse(
      `the column ${name} is ${type}, and a parameter of a channel needs a text, an integer or a UUID; use CAST`,
    );
  }
}

function readText(value: unknown): string {
  if (typeof value !== 'string')
    throw new UnusableResponse('a column has a value that is not a text');
  return value;
}
