import { mysqlStatement, unprovenNames } from '../../database/sql/mysql-statement.ts';
import { postgresStatement } from '../../database/sql/postgres-statement.ts';
import type { BoundStatement, SqlResult, SqlRequest } from '../../database/sql/sql-result.ts';
import { isStorable } from '../../database/storable-text.ts';
import type { Fact, FactKind } from '../../policy/fact-kind.ts';
import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { createLruMap } from '../../runtime/caches.ts';
import { createSingleFlight } from '../../runtime/single-flight.ts';
import { createReadRow, planOf } from './read-row.ts';

/** Finds the fact with these ids. Throws `Unavailable`, and `UnusableResponse` for a result that is neither a fact nor none. */
export type FindByIds = (ids: readonly string[]) => Promise<Fact | undefined>;

export interface SqlFactDeps {
  readonly execute: (request: SqlRequest) => Promise<SqlResult>;
  readonly now: () => number;
}

/** The statement as the driver takes it, and the ids that its result must contain. */
function bindStatement(statement: SqlStatement): {
  readonly statement: BoundStatement;
  readonly proven: readonly string[];
} {
  return statement.dialect === 'postgres'
    ? { statement: postgresStatement(statement), proven: [] }
    : { statement: mysqlStatement(statement), proven: unprovenNames(statement) };
}

/** An id of a token is at most this long. A longer one finds nothing. */
const maxIdLength = 255;
/** The maximum number of cached facts of a kind. */
const maxFresh = 10_000;
/** NUL, which no id has, so that different lists of ids never have the same key. */
const separator = '\0';

/** Executes the query without ids, so that the server describes the columns of the result. Throws `Unavailable`, and `UnusableResponse`. */
export async function checkSqlFact(
  kind: FactKind,
  query: SqlStatement,
  { execute }: Pick<SqlFactDeps, 'execute'>,
): Promise<void> {
  const { statement, proven } = bindStatement(query);
  const result = await execute({ statement, values: statement.binds.map(() => null) });
  if (result !== 'impossible-value') planOf(kind, result.columns, proven);
}

/** Creates the function that finds facts of a kind by its query. Identical concurrent lookups run once. */
export function createSqlFact(
  kind: FactKind,
  query: SqlStatement,
  { execute, now }: SqlFactDeps,
): FindByIds {
  const { statement, proven } = bindStatement(query);
  const readRow = createReadRow(kind, proven);
  const places = statement.binds.map((name) => kind.ids.indexOf(name));
  const find: FindByIds = async (ids) => {
    const result = await execute({ statement, values: places.map((place) => ids[place] ?? '') });
    return result === 'impossible-value' ? undefined : readRow(result, ids);
  };
  const freshMs = kind.from?.freshMs ?? 0;
  const findCached = freshMs === 0 ? find : keepFresh(find, freshMs, now);
  const once = createSingleFlight<Fact | undefined>();
  return async (ids) => {
    if (ids.length !== kind.ids.length || !ids.every(isPossibleValue)) return undefined;
    return once(ids.join(separator), () => findCached(ids));
  };
}

/** Whether a column can have this text. A query with any other text finds nothing, so it is not sent. */
export const isPossibleValue = (text: string): boolean =>
  text.length <= maxIdLength && isStorable(text);

/** The age of a cached fact counts from the start of its lookup. Failures are not cached. */
function keepFresh(find: FindByIds, freshMs: number, now: () => number): FindByIds {
  const results = createLruMap<{ readonly fact: Fact | undefined; readonly since: number }>(
    maxFresh,
  );
  return async (ids) => {
    const key = ids.join(separator);
    const known = results.get(key);
    const since = now();
    // A clock that was set back must not extend the age.
    if (known !== undefined && since >= known.since && since - known.since < freshMs) {
      return known.fact;
    }
    const fact = await find(ids);
    results.set(key, { fact, since });
    return fact;
  };
}
