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
  const byKind = new WeakMap<FactKind, ReadFactRow>();
  const cacheOf = (kind: FactKind): ReadFactRow => {
    const known = byKind.get(kind);
    if (known !== undefined) return known;
    const own = `facts:${kind.name}`;
    const reach = reachOf(kind);
    // The kind of a reloaded policy may have the same name and another reach.
    const name = `${reach} ${kind.ids.length} ${kind.name}`;
    const cache = cacheNamed(name, reach === 'session' ? [own, 'guest_sessions'] : [own]);
    byKind.set(kind, cache);
    return cache;
  };
  return async (kind, ids, viewer) => {
    const isCached = viewer !== 'operator' && (await findHostRelation(kind)) === undefined;
    return await (isCached ? cacheOf(kind) : readRow)(kind, ids, viewer);
  };
}

/** NUL, which PostgreSQL cannot store, so that different lists of texts never have the same key. */
const separator = '\0';
