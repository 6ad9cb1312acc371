import type { FactSource } from '../authorize/fact-source.ts';
import type { RevocationStore, RevocationSubject } from '../authorize/revocation/revocation.ts';
import type { TableCache } from '../database/cache/freshness.ts';
import { subjectParts } from '../database/repositories/subject-key.ts';
import { withSpan } from '../observability/tracing/span.ts';
import { cacheFactRows } from './cached-rows.ts';
import type { FindAtHost } from './find-at-host.ts';
import type { FindFact } from '../policy/fact-kind.ts';
import type { ReadFactRow } from './fact-rows.ts';
import type { FindHostRelation } from './host-relations.ts';
import { createFindFact } from './pushed-facts.ts';

/** The reads of one source of facts. */
export interface FactReads {
  readonly readRow: ReadFactRow;
  readonly findHostRelation: FindHostRelation;
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
  findAtHost: FindAtHost,
): FactSources {
  const { find, revocations } = toSource(cacheReads(database, tables), findAtHost);
  const current = toSource(database, findAtHost);
  return {
    database: current,
    cachedFirst: () => {
      const version = tables.version();
      return version === undefined ? [current] : [{ find, revocations, version }, current];
    },
  };
}

/** Finds facts where their kinds are: in Usher's table, or in a source of the policy. */
export function findWhereverTheyAre(stored: FindFact, findAtHost: FindAtHost): FindFact {
  return (kind, ids, viewer) => (kind.from === undefined ? stored : findAtHost)(kind, ids, viewer);
}

/** Wraps the reads with a cache that is valid while their tables are unchanged. */
export function cacheReads(
  { readRow, findHostRelation, revocations }: FactReads,
  tables: Pick<TableCache, 'cached'>,
): FactReads {
  return {
    readRow: cacheFactRows(readRow, findHostRelation, tables),
    findHostRelation,
    revocations: { latest: tables.cached(['revocations'], revocations.latest, joinSubjects) },
  };
}

/** Records a span for each read. The span of a cached read has no duration. */
function toSource({ readRow, revocations }: FactReads, findAtHost: FindAtHost): FactSource {
  const find = findWhereverTheyAre(createFindFact(readRow), findAtHost);
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
