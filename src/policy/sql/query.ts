import { readStatement, type SqlStatement } from './read-statement.ts';
import { SqlFault, type Dialect } from './tokenize.ts';

/** A statement, or the problem that this dialect has with it, as a line with its place. */
type SqlReading = SqlStatement | { readonly problem: string };

/** A query of a policy. Which dialect applies is known only with the URL of its source. */
export interface SqlQuery extends Readonly<Record<Dialect, SqlReading>> {
  /** The source, by name. */
  readonly source: string;
}

/**
 * Reads a query in both dialects.
 *
 * @param names - The names of its parameters.
 * @param placeOf - The place of an offset in messages.
 * @throws `SqlFault` if no dialect can read it.
 */
export function readQuery(
  { source, query }: { readonly source: string; readonly query: string },
  names: readonly string[],
  placeOf: (offset: number) => string,
): SqlQuery {
  const read = (dialect: Dialect): SqlStatement | SqlFault => {
    try {
      return readStatement(query, dialect, names);
    } catch (error) {
      if (error instanceof SqlFault) return error;
      throw error;
    }
  };
  const [postgres, mysql] = [read('postgres'), read('mysql')];
  if (postgres instanceof SqlFault && mysql instanceof SqlFault) throw postgres;
  const reading = (result: SqlStatement | SqlFault): SqlReading =>
    result instanceof SqlFault ? { problem: `${placeOf(result.at)}: ${result.message}` } : result;
  return { source, postgres: reading(postgres), mysql: reading(mysql) };
}
