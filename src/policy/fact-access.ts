import type { FactKind, FactViewer } from './fact-kind.ts';

// The values of a fact that row-level security compares with those of the viewer: its tenant, and its guest session.

/** The tenant of the facts with these ids, if the kind names one of its ids. */
function tenantIdOf(kind: FactKind, ids: readonly string[]): string | undefined {
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

/** The settings of row-level security for one read. '' matches no row. */
export function settingsOf(
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer | 'operator',
): { readonly tenantId: string; readonly guestSessionId: string } {
  const of: FactViewer = viewer === 'operator' ? {} : viewer;
  return {
    tenantId: tenantIdOf(kind, ids) ?? of.tenantId ?? '',
    guestSessionId: of.guestSessionId ?? '',
  };
}

/**
 * What a fact of a kind depends on: nothing else, the tenant of the viewer, or also the guest session of the fact and its
 * link to a user.
 */
export type Reach = 'everybody' | 'viewer' | 'session';

export function reachOf(kind: FactKind): Reach {
  if (guestSessionFieldOf(kind) !== undefined) return 'session';
  return kind.tenant === undefined ? 'everybody' : 'viewer';
}
