import type { Database } from '../database/client.ts';
import { createOpenFactPage } from './fact-pages.ts';
import { createReadFactRow } from './fact-rows.ts';
import { createFindHostRelation } from './host-relations.ts';
import { findStoredOrAtHost } from './fact-sources.ts';
import { type FactsAtHosts, bodyOfFact, type FindAtHost } from './facts-at-hosts.ts';
import { checkIds } from './parse-fields.ts';
import { createPushedFacts, type PushedFacts } from './pushed-facts.ts';

/** Builds the facts of this database, and of the sources of the policy. */
export function buildFacts(
  database: Database,
  { find: findAtHost, list: listAtHost }: Pick<FactsAtHosts, 'find' | 'list'>,
) {
  const findHostRelation = createFindHostRelation(database);
  const readRow = createReadFactRow(database, findHostRelation);
  const pushed = createPushedFacts(database, findHostRelation, readRow);
  return {
    pushed: withHost(pushed, findAtHost),
    /** The reads, which `buildFactSources` caches. */
    reads: { readRow, findHostRelation },
    openFactPage: createOpenFactPage(database, { findHostRelation, listAtHost }),
    find: findStoredOrAtHost(pushed.find, findAtHost),
  };
}

/** Adds the facts of sources to the reads of the operator. */
function withHost(pushed: PushedFacts, findAtHost: FindAtHost): PushedFacts {
  return {
    ...pushed,
    read: async (kind, ids) => {
      if (kind.from === undefined) return pushed.read(kind, ids);
      checkIds(kind, ids);
      const fact = await findAtHost(kind, ids, 'operator');
      return fact && bodyOfFact(fact);
    },
  };
}
