import type { Database } from '../database/client.ts';
import { createOpenFactPage } from './fact-pages.ts';
import { createReadFactRow } from './fact-rows.ts';
import { createFindHostRelation } from './host-relations.ts';
import { createLegacyReader } from './legacy/reader.ts';
import { createPushedFacts } from './pushed-facts.ts';

/** Builds the facts of this database. */
export function buildFacts(database: Database) {
  const findHostRelation = createFindHostRelation(database);
  const readRow = createReadFactRow(database, findHostRelation);
  const pushed = createPushedFacts(database, findHostRelation, readRow);
  return {
    pushed,
    /** The reads, which `buildFactSources` caches. */
    reads: { readRow, findHostRelation },
    openFactPage: createOpenFactPage(database, findHostRelation),
    find: createLegacyReader(pushed.find),
  };
}
