import type { FactOrigin } from '../fact-kind.ts';
import { freshMs, maxFreshMs } from '../fresh.ts';
import { readQuery } from '../sql/query.ts';
import { SqlFault } from '../sql/tokenize.ts';
import { isDefinedSource, type DefinedSource } from './define-source.ts';

/** Where the facts of a kind are, if the application does not store them. */
export interface OriginSpec {
  /** A query of a database of the application, which finds the row of a fact by its ids, such as `:user`. */
  readonly sql?: { readonly source: string | DefinedSource; readonly query: string };
  /** For how long an answer is used again, such as `5s`; at most `60s`. By default each decision asks. */
  readonly fresh?: string;
}

/** Reads the origin of a kind. Throws an `Error` of `invalid`. */
export function readOrigin(
  { sql, fresh }: OriginSpec,
  ids: readonly string[],
  invalid: (why: string) => Error,
): FactOrigin | undefined {
  if (sql === undefined) {
    if (fresh !== undefined) throw invalid('has no source, so fresh means nothing');
    return undefined;
  }
  const { source, query, ...others } = Object(sql) as Readonly<Record<string, unknown>>;
  const name = isDefinedSource(source) ? source.name : source;
  if (typeof name !== 'string' || typeof query !== 'string' || Object.keys(others).length > 0) {
    throw invalid('sql must be { source, query }, a source and a text');
  }
  return {
    type: 'sql',
    query: read(name, query, { ids, invalid }),
    freshMs: readFresh(fresh, invalid),
  };
}

function read(
  source: string,
  query: string,
  { ids, invalid }: { readonly ids: readonly string[]; readonly invalid: (why: string) => Error },
) {
  const placeOf = (offset: number) => `character ${offset + 1} of the query`;
  try {
    return readQuery({ source, query }, ids, placeOf);
  } catch (error) {
    if (!(error instanceof SqlFault)) throw error;
    throw invalid(`${placeOf(error.at)}: ${error.message}`);
  }
}

function readFresh(text: unknown = '0s', invalid: (why: string) => Error): number {
  const ms = freshMs(String(text));
  if (!(ms <= maxFreshMs)) throw invalid('fresh must be a time such as 5s, at most 60s');
  return ms;
}
