import type { FactKind } from './fact-kind.ts';

// What row-level security compares with the viewer of a fact: its tenant, and its guest session.

/** The tenant of the facts with these ids, if the kind names one of its ids. */
export function tenantIdOf(kind: FactKind, ids: readonly string[]): string | undefined {
  return kind.tenant === undefined ? undefined : ids[kind.ids.indexOf(kind.tenant)];
}

/** The tenant of a fact: the id or the field that its kind names. */
export function tenantOfFact(
  kind: FactKind,
  ids: readonly string[],
  fields: Readonly<Record<string, unknown>>,
): unknown {
  return tenantIdOf(kind, ids) ?? (kind.tenant === undefined ? undefined : fields[kind.tenant]);
}

/** The field with the guest session of a fact. */
export function guestSessionFieldOf({ fields }: FactKind): string | undefined {
  return Object.keys(fields).find((name) => fields[name]?.type === 'guest_session');
}
