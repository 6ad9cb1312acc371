import type { Fact, FactKind, FactViewer } from '../policy/fact-kind.ts';
import type { StoredFields } from './stored-fields.ts';

/** Finds a fact of a kind with a source. The operator sees facts of all tenants. Throws `Unavailable`. */
export type FindAtHost = (
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer | 'operator',
) => Promise<Fact | undefined>;

/** A fact of a source as the body of a response. */
export function bodyOfFact(fact: Fact): StoredFields {
  return Object.fromEntries(
    Object.entries(fact).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ]),
  );
}
