import type { FactKind } from '../policy/fact-kind.ts';

/** The `key` of a fact in the database: the JSON text of its ids, as the trigger of `facts` writes it. */
export function factKey(ids: readonly string[]): string {
  return JSON.stringify(ids);
}

/** The field with the guest session of a fact, which row-level security compares with that of the viewer. */
export function guestSessionFieldOf({ fields }: FactKind): string | undefined {
  return Object.keys(fields).find((name) => fields[name]?.type === 'guest_session');
}

/** The tenant of the facts with these ids, if the kind names one of its ids. */
export function tenantIdOf(kind: FactKind, ids: readonly string[]): string | undefined {
  return kind.tenant === undefined ? undefined : ids[kind.ids.indexOf(kind.tenant)];
}
