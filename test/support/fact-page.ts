import { createOpenFactPage } from '../../src/facts/fact-pages.ts';
import { createFindApplicationRelation } from '../../src/facts/application-relations.ts';
import type { Database } from '../../src/database/client.ts';
import type { OpenFactPage } from '../../src/policy/fact-kind.ts';

/** For policies without a source. */
export const noSources = {
  find: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
};

/** Opens pages of the facts in this database. */
export function openFactPages(database: Database): OpenFactPage {
  const findApplicationRelation = createFindApplicationRelation(database);
  return createOpenFactPage(database, { findApplicationRelation, listAtSource: noSources.list });
}
