import type { Fact, FactKind, FactViewer } from '../policy/fact-kind.ts';
import type { StoredFields } from './stored-fields.ts';

/** Finds a fact of a kind with a source. The operator sees facts of all tenants. Throws `Unavailable`. */
export type FindAtHost = (
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer | 'operator',
) => Promise<Fact | undefined>;

/** As row-level security of Usher's own table: a fact whose field names another tenant is hidden, and one of no tenant is shown. */
export function isVisible(kind: FactKind, fact: Fact, viewer: FactViewer | 'operator'): boolean {
  if (viewer === 'operator' || kind.tenant === undefined || kind.ids.includes(kind.tenant))
    return true;
  const tenant = fact[kind.tenant];
  return tenant === undefined || tenant === viewer.tenantId;
}

/** A fact of a source as the body of a response. */
export function bodyOfFact(fact: Fact): StoredFields {
  return Object.fromEntries(
    Object.entries(fact).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ]),
  );
}
