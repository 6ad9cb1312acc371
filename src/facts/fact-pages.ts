import type { Database } from '../database/client.ts';
import { isStorable } from '../database/storable-text.ts';
import type { FactQuery, FactViewer } from '../policy/fact-kind.ts';
import { parseJson } from '../runtime/json.ts';
import { hashOf } from './fact-rows.ts';
import { factKey } from './fact-key.ts';
import { createFindHostRelation, type FindHostRelation } from './host-relations.ts';
import { listStatement, settingTenant } from './list-statement.ts';
import { hostListStatement } from './host-list-statement.ts';

/** The key of the last fact of each list that has another page, by the list. */
export type FactCursor = Readonly<Record<string, string>>;

/** One page of the facts of a principal. */
export interface FactPage {
  /**
   * The ids of the facts of at least one of these queries, which are of one kind, each once, ordered by their key. Throws
   * `Unavailable`.
   */
  readonly list: (
    queries: readonly FactQuery[],
    viewer: FactViewer,
  ) => Promise<readonly (readonly string[])[]>;
  /** The cursor of the next page; `undefined` after the last one. Call it after all lists are read. */
  readonly next: () => FactCursor | undefined;
}

/** Opens the first page, or the page after this cursor, in which finished lists are empty. */
export type OpenFactPage = (cursor?: FactCursor) => FactPage;

/** Maximum number of facts of one list on a page. */
export const pageSize = 200;

type Rows = readonly { readonly ids: readonly string[] }[];

/**
 * Creates the function that lists facts by page. Each query uses an index, so the number of facts does not matter.
 */
export function createOpenFactPage(
  database: Database,
  findHostRelation: FindHostRelation = createFindHostRelation(database),
): OpenFactPage {
  const read = async (
    queries: readonly FactQuery[],
    viewer: FactViewer,
    after: string,
  ): Promise<Rows> => {
    const [first] = queries;
    if (first === undefined) return [];
    const { kind } = first;
    const host = await findHostRelation(kind);
    // One more than a page, to detect whether another page follows.
    const limit = pageSize + 1;
    const { text, values } =
      host === undefined
        ? listStatement(queries, { tenantId: viewer.tenantId, limit })
        : hostListStatement(queries, { host, limit });
    const all = [
      settingTenant(first, viewer.tenantId) ?? '',
      viewer.guestSessionId ?? '',
      after,
      ...values,
    ];
    if (!all.every(isStorable) || !isKey(after, kind.ids.length)) return [];
    const rows = await database.execute({ name: `usher_list_${hashOf(text)}`, text, values: all });
    return rows as Rows;
  };
  return (cursor) => {
    const lastKeys = new Map<string, string>();
    const requested = new Map<string, Promise<readonly (readonly string[])[]>>();
    const readPage = async (
      queries: readonly FactQuery[],
      viewer: FactViewer,
      name: string,
    ): Promise<readonly (readonly string[])[]> => {
      const after = cursor === undefined ? '' : cursor[name];
      if (after === undefined) return [];
      const found = (await read(queries, viewer, after)).map(({ ids }) => ids);
      const last = found[pageSize - 1];
      if (found.length > pageSize && last !== undefined) lastKeys.set(name, factKey(last));
      return found.slice(0, pageSize);
    };
    return {
      // Two channel types may have the same list.
      list: (queries, viewer) => {
        const name = nameOf(queries, viewer);
        const page = requested.get(name) ?? readPage(queries, viewer, name);
        requested.set(name, page);
        return page;
      },
      next: () => (lastKeys.size === 0 ? undefined : Object.fromEntries(lastKeys)),
    };
  };
}

/** Whether a text of a cursor, which clients send back, is '' or the key of a fact with this number of ids. */
function isKey(text: string, idCount: number): boolean {
  const ids = text === '' ? Array<string>(idCount).fill('') : parseJson(text);
  return (
    Array.isArray(ids) &&
    ids.length === idCount &&
    ids.every((id) => typeof id === 'string' && isStorable(id))
  );
}

/** Identifies a list in cursors, without the ids of the principal. */
function nameOf(queries: readonly FactQuery[], viewer: FactViewer): string {
  const parts = queries.map(({ kind, where }) => [kind.name, Object.entries(where)]);
  return hashOf(JSON.stringify([parts, viewer.tenantId ?? '', viewer.guestSessionId ?? '']));
}
