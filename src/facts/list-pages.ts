import { isStorable } from '../database/storable-text.ts';
import type { ListCursor } from '../policy/fact-kind.ts';
import { parseJson } from '../runtime/json.ts';
import { factKey } from './fact-rows.ts';

/** Maximum number of entries of one list on a page. */
export const pageSize = 200;

/** The number of entries that a list reads for a page: one more, to detect whether another page follows. */
export const pageLimit = pageSize + 1;

/** Entries of a list, in their order: the ids of each. */
export type ListedIds = readonly (readonly string[])[];

/** One page of several lists. */
interface ListPages {
  /**
   * Reads the page of a list, once for each name.
   *
   * @param read - Reads up to `pageLimit` entries after the one with this key; '' for the first page.
   */
  readonly read: (name: string, read: (after: string) => Promise<ListedIds>) => Promise<ListedIds>;
  /** The cursor of the next page; `undefined` after the last one. */
  readonly next: () => ListCursor | undefined;
}

/** Opens the first page, or the page after this cursor, in which finished lists are empty and are not read. */
export function openListPages(cursor: ListCursor | undefined): ListPages {
  const lastKeys = new Map<string, string>();
  const requested = new Map<string, Promise<ListedIds>>();
  const readPage: ListPages['read'] = async (name, read) => {
    const after = cursor === undefined ? '' : cursor[name];
    if (after === undefined) return [];
    const found = await read(after);
    const last = found[pageSize - 1];
    if (found.length > pageSize && last !== undefined) lastKeys.set(name, factKey(last));
    return found.slice(0, pageSize);
  };
  return {
    // Two channel types may have the same list.
    read: (name, read) => {
      const page = requested.get(name) ?? readPage(name, read);
      requested.set(name, page);
      return page;
    },
    next: () => (lastKeys.size === 0 ? undefined : Object.fromEntries(lastKeys)),
  };
}

/** The ids of a key of a cursor, which clients send back; empty ones for ''. `undefined` for another text. */
export function idsOfKey(key: string, count: number): readonly string[] | undefined {
  const ids: unknown = key === '' ? Array<string>(count).fill('') : parseJson(key);
  const isKey =
    Array.isArray(ids) &&
    ids.length === count &&
    ids.every((id): id is string => typeof id === 'string' && isStorable(id));
  return isKey ? ids : undefined;
}
