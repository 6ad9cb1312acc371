import type { TableCache } from '../database/cache/freshness.ts';
import { settingsOf, reachOf, type ReadFactRow } from './fact-rows.ts';
import type { FactKind } from '../policy/fact-kind.ts';
import type { FindHostRelation } from './host-relations.ts';

/**
 * Wraps the reads of facts with a cache for each kind, valid while no fact of that kind changes. It caches rows and not
 * facts, because a reloaded policy may read other fields of them. Relations of the host are not cached.
 */
export function cacheFactRows(
  readRow: ReadFactRow,
  findHostRelation: FindHostRelation,
  { cached }: Pick<TableCache, 'cached'>,
): ReadFactRow {
  const caches = new Map<string, ReadFactRow>();
  const cacheNamed = (name: string, tables: readonly string[]): ReadFactRow => {
    const existing = caches.get(name);
    if (existing !== undefined) return existing;
    const created = cached(tables, readRow, (kind, ids, viewer) => {
      const { tenantId, guestSessionId } = settingsOf(kind, ids, viewer);
      return ids.join(separator) + separator + tenantId + separator + guestSessionId;
    });
    caches.set(name, created);
    return created;
  };
  const cacheOf = (kind: FactKind): ReadFactRow => {
    const own = `facts:${kind.name}`;
    const reach = reachOf(kind);
    // The kind of a reloaded policy may have the same name and another reach.
    const name = `${reach} ${kind.ids.length} ${kind.name}`;
    return cacheNamed(name, reach === 'session' ? [own, 'guest_sessions'] : [own]);
  };
  /** Of kinds that are in no relation of the host. Those relations are read once, so this holds until the end of the process. */
  const byKind = new WeakMap<FactKind, ReadFactRow>();
  const readFirst: ReadFactRow = async (kind, ids, viewer) => {
    if ((await findHostRelation(kind)) !== undefined) return await readRow(kind, ids, viewer);
    const cache = cacheOf(kind);
    byKind.set(kind, cache);
    return await cache(kind, ids, viewer);
  };
  return (kind, ids, viewer) => {
    if (viewer === 'operator') return readRow(kind, ids, viewer);
    return (byKind.get(kind) ?? readFirst)(kind, ids, viewer);
  };
}

/** NUL, which PostgreSQL cannot store, so that different lists of texts never have the same key. */
const separator = '\0';
