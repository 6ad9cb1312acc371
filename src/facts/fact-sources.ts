import type { FactSource } from '../authorize/find-facts.ts';
import {
  subjectParts,
  type RevocationStore,
  type RevocationSubject,
} from '../authorize/revocation/revocation.ts';
import type { ReadCached, TableCache } from '../database/cache/freshness.ts';
import { withSpan } from '../observability/tracing/span.ts';
import type { FindAtSource } from './facts-at-sources.ts';
import {
  type Fact,
  type FactKind,
  type FindFact,
  reachOf,
  rowSecurityOf,
} from '../policy/fact-kind.ts';
import type { FactRow, ReadFactRow } from './fact-rows.ts';
import type { FindApplicationRelation } from './application-relations.ts';
import { toFact } from './stored-fields.ts';

/** The reads of one source of facts. */
export interface FactReads {
  readonly readRow: ReadFactRow;
  readonly findApplicationRelation: FindApplicationRelation;
  readonly revocations: Pick<RevocationStore, 'latest'>;
}

/** The two sources of facts: the database, and the cache of its rows. */
export interface FactSources {
  readonly database: FactSource;
  /**
   * The cache at its current version, unless nothing can be cached now, and then the database. Only for a strict audit log: the
   * statement that writes the decision validates the cache, and a buffered write would be too late.
   */
  readonly cachedFirst: () => readonly FactSource[];
}

/** Builds both sources of facts. The cache stores results by table. */
export function buildFactSources(
  database: FactReads,
  tables: TableCache,
  findAtSource: FindAtSource,
): FactSources {
  const { find, revocations } = toSource(cacheReads(database, tables), findAtSource);
  const current = toSource(database, findAtSource);
  return {
    database: current,
    cachedFirst: () => {
      const version = tables.version();
      return version === undefined ? [current] : [{ find, revocations, version }, current];
    },
  };
}

/** Finds facts where their kinds are: in Usher's table, or in a source of the policy. */
export function findStoredOrAtSource(stored: FindFact, findAtSource: FindAtSource): FindFact {
  return (kind, ids, viewer) =>
    (kind.from === undefined ? stored : findAtSource)(kind, ids, viewer);
}

/** Wraps the reads with a cache that is valid while their tables are unchanged. */
export function cacheReads(
  { readRow, findApplicationRelation, revocations }: FactReads,
  tables: Pick<TableCache, 'cacheOf'>,
): FactReads {
  const readLatest = tables.cacheOf<number | undefined>(['revocations']);
  return {
    readRow: cacheFactRows(readRow, findApplicationRelation, tables),
    findApplicationRelation,
    revocations: {
      latest: (subjects) => readLatest(joinSubjects(subjects), () => revocations.latest(subjects)),
    },
  };
}

type ReadCachedRow = ReadCached<FactRow | undefined>;

/**
 * Wraps the reads of facts with a cache for each kind, valid while no fact of that kind changes. It caches rows and not
 * facts, because a reloaded policy may read other fields of them. Relations of the application are not cached.
 */
function cacheFactRows(
  readRow: ReadFactRow,
  findApplicationRelation: FindApplicationRelation,
  tables: Pick<TableCache, 'cacheOf'>,
): ReadFactRow {
  const caches = new Map<string, ReadCachedRow>();
  const cacheOf = (kind: FactKind): ReadCachedRow => {
    const own = `facts:${kind.name}`;
    const reach = reachOf(kind);
    // The kind of a reloaded policy may have the same name and another reach.
    const name = `${reach} ${kind.ids.length} ${kind.name}`;
    const cache =
      caches.get(name) ?? tables.cacheOf(reach === 'session' ? [own, 'guest_sessions'] : [own]);
    caches.set(name, cache);
    return cache;
  };
  /** Of kinds that are in no relation of the application. Those relations are read once, so this holds until the end of the process. */
  const byKind = new WeakMap<FactKind, ReadCachedRow>();
  const readFirst: ReadFactRow = async (kind, ids, viewer) => {
    if ((await findApplicationRelation(kind)) !== undefined) return readRow(kind, ids, viewer);
    byKind.set(kind, cacheOf(kind));
    return read(kind, ids, viewer);
  };
  const read: ReadFactRow = (kind, ids, viewer) => {
    if (viewer === 'operator') return readRow(kind, ids, viewer);
    const readCached = byKind.get(kind);
    if (readCached === undefined) return readFirst(kind, ids, viewer);
    const { tenantId, guestSessionId } = rowSecurityOf(kind, ids, viewer);
    const key = ids.join(separator) + separator + tenantId + separator + guestSessionId;
    return readCached(key, () => readRow(kind, ids, viewer));
  };
  return read;
}

/** NUL, which PostgreSQL cannot store, so that different lists of texts never have the same key. */
const separator = '\0';

/** Creates the function that finds facts for rules. */
export function createFindFact(readRow: ReadFactRow): FindFact {
  // A row of the cache is converted once, not for each decision.
  const converted = new WeakMap<FactRow, { readonly kind: FactKind; readonly fact?: Fact }>();
  return async (kind, ids, viewer) => {
    const row = await readRow(kind, ids, viewer);
    if (row === undefined) return undefined;
    const known = converted.get(row);
    if (known?.kind === kind) return known.fact;
    const fact = toFact(kind, row.fields, row.linkedUserId);
    converted.set(row, fact === undefined ? { kind } : { kind, fact });
    return fact;
  };
}

/** Records a span for each read. The span of a cached read has no duration. */
function toSource({ readRow, revocations }: FactReads, findAtSource: FindAtSource): FactSource {
  const find = findStoredOrAtSource(createFindFact(readRow), findAtSource);
  return {
    find: (kind, ids, viewer) => withSpan(`fact ${kind.name}`, () => find(kind, ids, viewer)),
    revocations: {
      latest: (subjects) => withSpan('revocations', () => revocations.latest(subjects)),
    },
  };
}

/** A key of the subjects. The lengths keep different lists apart, whatever the texts contain. */
function joinSubjects(subjects: readonly RevocationSubject[]): string {
  let key = '';
  for (const subject of subjects) {
    for (const part of subjectParts(subject)) key += `${part.length}:${part}`;
    key += ';';
  }
  return key;
}
