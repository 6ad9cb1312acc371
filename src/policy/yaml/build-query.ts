import type { SourcePolicy } from '../policy.ts';
import { readQuery, type SqlQuery } from '../sql/query.ts';
import { SqlFault } from '../sql/tokenize.ts';
import type { Path } from './read-document.ts';
import type { Report } from './report.ts';

interface QueryContext {
  /** The names of its parameters. */
  readonly names: readonly string[];
  readonly sources: ReadonlyMap<string, SourcePolicy>;
  readonly report: Report;
}

/** Builds the query at this place. Reports an unknown source, and each problem at its character. */
export function buildQuery(
  declared: { readonly source: string; readonly query: string },
  at: Path,
  { names, sources, report }: QueryContext,
): SqlQuery | undefined {
  const { source: name } = declared;
  if (!sources.has(name)) {
    const known = [...sources.keys()];
    report.unknown([...at, 'source'], { what: 'source', name, known }, 'value');
  }
  const path = [...at, 'query'];
  try {
    return readQuery(declared, names, (offset) => report.placeText(path, offset));
  } catch (error) {
    if (!(error instanceof SqlFault)) throw error;
    report.in(path, error.at, error.message);
    return undefined;
  }
}
