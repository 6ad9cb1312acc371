import type { FactSource } from '../authorize/fact-source.ts';
import type { RevocationStore, RevocationSubject } from '../authorize/revocation/revocation.ts';
import type { TableCache } from '../database/cache/freshness.ts';
import { subjectParts } from '../database/repositories/subject-key.ts';
import { withSpan } from '../observability/tracing/span.ts';
import type { FactReader } from '../policy/facts.ts';

/** The reads of one source of facts. */
export interface FactReads {
  readonly find: FactReader;
  readonly revocations: Pick<RevocationStore, 'latest'>;
}

/** The two sources of facts: the database, and the cache of its rows. */
export interface FactSources {
  readonly database: FactSource;
  /** The cache at its current version; `undefined` while nothing can be cached. */
  readonly cached: () => FactSource | undefined;
}

/** Builds both sources of facts. The cache stores results by table. */
export function buildFactSources(database: FactReads, tables: TableCache): FactSources {
  const cached = withSpans(cacheReads(database, tables));
  return {
    database: withSpans(database),
    cached: () => {
      const version = tables.version();
      if (version === undefined) return undefined;
      return { find: cached.find, revocations: cached.revocations, version };
    },
  };
}

/** Wraps the reads with a cache that is valid while their tables are unchanged. */
export function cacheReads(
  { find, revocations }: FactReads,
  { cached }: Pick<TableCache, 'cached'>,
): FactReads {
  return {
    find: {
      booking: cached(['bookings'], (slug, id) => find.booking(slug, id), joinTexts),
      escrow: cached(['escrows'], (tenant, id) => find.escrow(tenant, id), joinTexts),
      room: cached(
        ['rooms', 'guest_sessions'],
        (id, viewer) => find.room(id, viewer),
        (id, viewer) => joinTexts(id, viewer?.tenantId ?? '', viewer?.sessionId ?? ''),
      ),
      order: cached(['orders'], (id) => find.order(id), joinTexts),
    },
    revocations: { latest: cached(['revocations'], revocations.latest, joinSubjects) },
  };
}

/** Records a span for each read. The span of a cached read has no duration. */
function withSpans({ find, revocations }: FactReads): FactReads {
  return {
    find: {
      booking: (...of) => withSpan('fact booking', () => find.booking(...of)),
      escrow: (...of) => withSpan('fact escrow', () => find.escrow(...of)),
      room: (...of) => withSpan('fact room', () => find.room(...of)),
      order: (...of) => withSpan('fact order', () => find.order(...of)),
    },
    revocations: {
      latest: (subjects) => withSpan('revocations', () => revocations.latest(subjects)),
    },
  };
}

/** Joins texts with NUL, which PostgreSQL cannot store, so that different lists of texts never have the same key. */
function joinTexts(...texts: readonly string[]): string {
  return texts.join('\0');
}

function joinSubjects(subjects: readonly RevocationSubject[]): string {
  return JSON.stringify(subjects.map(subjectParts));
}
