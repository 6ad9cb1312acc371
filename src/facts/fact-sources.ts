import type { FactSource } from '../authorize/fact-source.ts';
import type { RevocationStore, RevocationSubject } from '../authorize/revocation/revocation.ts';
import type { TableCache } from '../database/cache/freshness.ts';
import { subjectParts } from '../database/repositories/subject-key.ts';
import { withSpan } from '../observability/tracing/span.ts';
import type { FindFact } from '../policy/fact-kind.ts';
import { cacheFactRows } from './cached-rows.ts';
import type { ReadFactRow } from './fact-rows.ts';
import type { FindHostRelation } from './host-relations.ts';
import { createLegacyReader } from './legacy/reader.ts';
import { createFindFact } from './pushed-facts.ts';

/** The reads of one source of facts. */
export interface FactReads {
  readonly readRow: ReadFactRow;
  readonly findHostRelation: FindHostRelation;
  readonly revocations: Pick<RevocationStore, 'latest'>;
}

/** A source of facts of any kind. */
export interface PushedFactSource extends FactSource {
  readonly findFact: FindFact;
}

/** The two sources of facts: the database, and the cache of its rows. */
export interface FactSources {
  readonly database: PushedFactSource;
  /** The cache at its current version; `undefined` while nothing can be cached. */
  readonly cached: () => PushedFactSource | undefined;
}

/** Builds both sources of facts. The cache stores results by table. */
export function buildFactSources(database: FactReads, tables: TableCache): FactSources {
  const cached = toSource(cacheReads(database, tables));
  return {
    database: toSource(database),
    cached: () => {
      const version = tables.version();
      return version === undefined ? undefined : { ...cached, version };
    },
  };
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
function toSource({ readRow, revocations }: FactReads): PushedFactSource {
  const find = createFindFact(readRow);
  const findFact: FindFact = (kind, ids, viewer) =>
    withSpan(`fact ${kind.name}`, () => find(kind, ids, viewer));
  return {
    findFact,
    find: createLegacyReader(findFact),
    revocations: {
      latest: (subjects) => withSpan('revocations', () => revocations.latest(subjects)),
    },
  };
}

function joinSubjects(subjects: readonly RevocationSubject[]): string {
  return JSON.stringify(subjects.map(subjectParts));
}
