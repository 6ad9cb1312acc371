import type { Database } from '../database/client.ts';
import { createOpenFactPage } from './fact-pages.ts';
import { createReadFactRow } from './fact-rows.ts';
import { createFindApplicationRelation } from './application-relations.ts';
import { findStoredOrAtSource } from './fact-sources.ts';
import { type FactsAtSources, bodyOfFact, type FindAtSource } from './facts-at-sources.ts';
import { checkIds } from './parse-fields.ts';
import { createPushedFacts, type PushedFacts } from './pushed-facts.ts';

/** Builds the facts of this database, and of the sources of the policy. */
export function buildFacts(
  database: Database,
  { find: findAtSource, list: listAtSource }: Pick<FactsAtSources, 'find' | 'list'>,
) {
  const findApplicationRelation = createFindApplicationRelation(database);
  const readRow = createReadFactRow(database, findApplicationRelation);
  const pushed = createPushedFacts(database, findApplicationRelation, readRow);
  return {
    pushed: withSources(pushed, findAtSource),
    /** The reads, which `buildFactSources` caches. */
    reads: { readRow, findApplicationRelation },
    openFactPage: createOpenFactPage(database, { findApplicationRelation, listAtSource }),
    find: findStoredOrAtSource(pushed.find, findAtSource),
  };
}

/** Adds the facts of sources to the reads of the operator. */
function withSources(pushed: PushedFacts, findAtSource: FindAtSource): PushedFacts {
  return {
    ...pushed,
    read: async (kind, ids) => {
      if (kind.from === undefined) return pushed.read(kind, ids);
      checkIds(kind, ids);
      const fact = await findAtSource(kind, ids, 'operator');
      return fact && bodyOfFact(fact);
    },
  };
}
