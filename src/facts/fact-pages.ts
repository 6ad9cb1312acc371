import type { Database } from '../database/client.ts';
import { isStorable } from '../database/storable-text.ts';
import type { SqlList } from '../policy/channel-type.ts';
import type { FactQuery, FactViewer, OpenFactPage } from '../policy/fact-kind.ts';
import { statementHash } from './fact-rows.ts';
import type { FindApplicationRelation } from './application-relations.ts';
import { idsOfKey, openListPages, pageLimit, type ListedIds } from './list-pages.ts';
import { listStatement, settingTenant } from './list-statement.ts';
import { relationListStatement } from './relation-list-statement.ts';
import type { ListAtSource } from './sql/sql-list.ts';

interface FactPageDeps {
  readonly findApplicationRelation: FindApplicationRelation;
  readonly listAtSource: ListAtSource;
}

type Rows = readonly { readonly ids: readonly string[] }[];

/**
 * Creates the function that lists facts and rows of sources by page. Each query for facts uses an index, so the number of facts
 * does not matter.
 */
export function createOpenFactPage(
  database: Database,
  { findApplicationRelation, listAtSource }: FactPageDeps,
): OpenFactPage {
  const readFacts = async (
    queries: readonly FactQuery[],
    viewer: FactViewer,
    after: string,
  ): Promise<ListedIds> => {
    const [first] = queries;
    if (first === undefined) return [];
    const { kind } = first;
    const application = await findApplicationRelation(kind);
    const { text, values } =
      application === undefined
        ? listStatement(queries, { tenantId: viewer.tenantId, limit: pageLimit })
        : relationListStatement(queries, { application, limit: pageLimit });
    const all = [
      settingTenant(first, viewer.tenantId) ?? '',
      viewer.guestSessionId ?? '',
      after,
      ...values,
    ];
    if (!all.every(isStorable) || idsOfKey(after, kind.ids.length) === undefined) return [];
    const rows = await database.execute({
      name: `usher_list_${statementHash(text)}`,
      text,
      values: all,
    });
    return (rows as Rows).map(({ ids }) => ids);
  };
  return (cursor) => {
    const pages = openListPages(cursor);
    return {
      list: (queries, viewer) =>
        pages.read(nameOfFacts(queries, viewer), (after) => readFacts(queries, viewer, after)),
      listRows: (list, values) =>
        pages.read(nameOfRows(list, values), async (key) => {
          const after = idsOfKey(key, list.params.length);
          return after === undefined ? [] : listAtSource(list, values, after);
        }),
      next: pages.next,
    };
  };
}

/** Identifies a list in cursors, without the ids of the principal. */
function nameOfFacts(queries: readonly FactQuery[], viewer: FactViewer): string {
  const parts = queries.map(({ kind, where }) => [kind.name, Object.entries(where)]);
  return statementHash(JSON.stringify([parts, viewer.tenantId ?? '', viewer.guestSessionId ?? '']));
}

function nameOfRows(list: SqlList, values: Readonly<Record<string, string>>): string {
  return statementHash(JSON.stringify([list, Object.entries(values)]));
}
