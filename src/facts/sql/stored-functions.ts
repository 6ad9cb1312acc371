import { bound } from '../../database/sql/postgres-statement.ts';
import type { SqlResult, SqlRequest } from '../../database/sql/sql-result.ts';
import type { SqlStatement } from '../../policy/sql/read-statement.ts';
import { unqualifiedFunctions } from './grants.ts';

/**
 * The stored functions that a query calls, as the query writes them. Only the server can distinguish them from built-in functions. It
 * lists only those that the login may execute. Throws `Unavailable`.
 */
export async function storedFunctions(
  query: SqlStatement,
  execute: (request: SqlRequest) => Promise<SqlResult>,
): Promise<readonly string[]> {
  const written = unqualifiedFunctions(query);
  if (written.length === 0) return [];
  const names = written.map(nameOf);
  const statement = bound(
    `SELECT ROUTINE_NAME FROM information_schema.ROUTINES
WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_NAME IN (${names.map(() => '?').join(', ')})`,
    names,
  );
  const result = await execute({ statement, values: names });
  const found = result === 'impossible-value' ? [] : result.rows.map(([name]) => String(name));
  return written.filter((each) => found.some((name) => isSame(name, nameOf(each))));
}

/** The name without its quotes. */
const nameOf = (written: string): string =>
  written.startsWith('`') ? written.slice(1, -1).replaceAll('``', '`') : written;

/** Names of functions ignore case. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
