import type { FactKind } from '../fact-kind.ts';
import { buildQuery } from './build-query.ts';
import { checkSource, type SourceContext } from './check-source.ts';
import type { FactDeclaration } from './policy-document.ts';

/** Builds a kind of fact. Reports an unknown source, and a wrong query. */
export function buildFact(
  { at, name, ids, fields, tenant, path, about, sql, http, fresh }: FactDeclaration,
  { sources, report }: SourceContext,
): FactKind {
  const query = sql && buildQuery(sql, [...at, 'sql'], { names: ids, sources, report });
  if (http !== undefined) checkSource(http.source, [...at, 'http'], { sources, report });
  const freshMs = fresh?.ms ?? 0;
  const sessions = Object.values(fields).filter(({ type }) => type === 'guest_session');
  if (sessions.length > 1)
    report.at(at, `${name} may have one field of the type guest_session`, 'key');
  return {
    name,
    ids,
    fields,
    ...(tenant !== undefined && { tenant }),
    ...(path !== undefined && { path }),
    ...(about !== undefined && { about }),
    ...(query !== undefined && { from: { type: 'sql', query, freshMs } }),
    ...(http !== undefined && { from: { type: 'http', ...http, freshMs } }),
  };
}
