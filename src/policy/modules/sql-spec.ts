import { readQuery, type SqlQuery } from '../sql/query.ts';
import { SqlFault } from '../sql/tokenize.ts';
import { isDefinedSource, type DefinedSource } from './define-source.ts';

/** A query of a database of the application. */
export interface SqlSpec {
  readonly source: string | DefinedSource;
  readonly query: string;
}

/** Makes the error of an invalid declaration. */
export type Invalid = (why: string) => Error;

/** Reads a query with these parameters. Throws an `Error` of `invalid`. */
export function readSqlSpec(sql: SqlSpec, names: readonly string[], invalid: Invalid): SqlQuery {
  const { source, query, ...others } = Object(sql) as Readonly<Record<string, unknown>>;
  const name = isDefinedSource(source) ? source.name : source;
  if (typeof name !== 'string' || typeof query !== 'string' || Object.keys(others).length > 0) {
    throw invalid('sql must be { source, query }, a source and a text');
  }
  const placeOf = (offset: number) => `character ${offset + 1} of the query`;
  try {
    return readQuery({ source: name, query }, names, placeOf);
  } catch (error) {
    if (!(error instanceof SqlFault)) throw error;
    throw invalid(`${placeOf(error.at)}: ${error.message}`);
  }
}
