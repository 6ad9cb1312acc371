import { type FactQuery, guestSessionFieldOf } from '../policy/fact-kind.ts';

/**
 * A statement that lists facts. Its parameters `$1` to `$3` are the tenant and the guest session of the viewer and the key
 * after which the page begins; `values` follow.
 */
export interface ListStatement {
  readonly text: string;
  readonly values: readonly string[];
}

/** The end of the name of a condition that compares the user to whom a guest session is linked. */
const ofUser = '.user';

/** The tenant for row-level security: that of the query, if its kind has the tenant among the ids, or that of the viewer. */
export function settingTenant(
  { kind, where }: FactQuery,
  tenantId: string | undefined,
): string | undefined {
  const own = kind.tenant;
  return own !== undefined && kind.ids.includes(own) ? (where[own] ?? tenantId) : tenantId;
}

/**
 * Lists the facts of each query by one condition, whose index is read in the order of keys; the other conditions are looked
 * up for each fact. Row-level security hides facts of other tenants. Texts over 255 characters are not in the index.
 */
export function listStatement(
  queries: readonly FactQuery[],
  { tenantId, limit }: { readonly tenantId: string | undefined; readonly limit: number },
): ListStatement {
  const values: string[] = [];
  const parameter = (value: string) => `$${values.push(value) + 3}`;
  const kind = parameter(queries[0]?.kind.name ?? '');
  const branches = queries.flatMap((query) => {
    const [first, ...others] = conditionsOf(query);
    const branch: Branch = { kind, limit, parameter, others };
    if (first?.type === 'indexed') {
      return tenantsOf(query, tenantId).map((tenant) => byIndex(first, tenant, branch));
    }
    return [first === undefined ? byKind(branch) : bySession(first, branch)];
  });
  return { text: pageOf(branches, limit), values };
}

/** The values that the parts of a statement share: the parameter of the kind, and the conditions other than the first. */
interface Branch {
  readonly kind: string;
  readonly limit: number;
  readonly parameter: (value: string) => string;
  readonly others: readonly Condition[];
}

const isSet = 'viewer.tenant || viewer.session || viewer.operator IS NOT NULL';
const isLinkedHere = '(f.tenant_id IS NULL OR f.tenant_id = linked_tenant_id)';

/** The facts of one tenant with a value in a field. Each fact is looked up by its primary key, under row-level security. */
function byIndex({ field, value }: Condition, tenant: string, branch: Branch): string {
  const { kind, parameter } = branch;
  return `SELECT f.key, f.ids FROM fact_index i CROSS JOIN LATERAL (
      SELECT key, ids, tenant_id, guest_session_id FROM facts WHERE kind = ${kind} AND key = i.key AND ${isSet} OFFSET 0
    ) AS f
    WHERE i.kind = ${kind} AND i.field = ${parameter(field)} AND i.value = ${parameter(value)}
      AND i.tenant = ${parameter(tenant)} ${restOf('i', branch)}`;
}

/** The facts of a guest session, or of the guest sessions that are linked to a user. */
function bySession({ type, value }: Condition, branch: Branch): string {
  const { kind, parameter } = branch;
  if (type === 'session') {
    return `SELECT f.key, f.ids FROM facts f
      WHERE f.kind = ${kind} AND f.guest_session_id = ${parameter(value)} ${restOf('f', branch)}`;
  }
  return `SELECT f.key, f.ids FROM guest_sessions s CROSS JOIN LATERAL (
      SELECT key, ids FROM facts f
      WHERE f.kind = ${kind} AND f.guest_session_id = s.session_id AND ${isLinkedHere} ${restOf('f', branch)} OFFSET 0
    ) AS f
    WHERE s.linked_user_id = ${parameter(value)} ORDER BY f.key LIMIT ${branch.limit}`;
}

function byKind(branch: Branch): string {
  return `SELECT f.key, f.ids FROM facts f WHERE f.kind = ${branch.kind} ${restOf('f', branch)}`;
}

function restOf(table: 'i' | 'f', { kind, limit, parameter, others }: Branch): string {
  const matches = others.map(({ type, field, value }) => {
    if (type === 'session') return `f.guest_session_id = ${parameter(value)}`;
    if (type === 'linked') {
      return `EXISTS (SELECT FROM guest_sessions s WHERE s.session_id = f.guest_session_id
        AND s.linked_user_id = ${parameter(value)} AND ${isLinkedHere})`;
    }
    return `EXISTS (SELECT FROM fact_index o WHERE o.kind = ${kind} AND o.field = ${parameter(field)}
      AND o.value = ${parameter(value)} AND o.tenant = coalesce(f.tenant_id, '') AND o.key = ${table}.key)`;
  });
  const all = [`${table}.key > $3`, isSet, ...matches];
  return `${all.map((each) => `AND ${each}`).join(' ')} ORDER BY ${table}.key LIMIT ${limit}`;
}

/** LATERAL … OFFSET 0: the settings of the viewer are made before a fact is read. */
function pageOf(branches: readonly string[], limit: number): string {
  return `
    SELECT found.ids FROM (
      SELECT set_config('usher.tenant', $1, true) AS tenant, set_config('usher.guest_session', $2, true) AS session,
        set_config('usher.operator', 'off', true) AS operator OFFSET 0
    ) AS viewer CROSS JOIN (SELECT NULL::text AS linked_tenant_id) AS fallback CROSS JOIN LATERAL (
      SELECT key, ids FROM (${branches.map((branch) => `(${branch})`).join(' UNION ')}) AS own
      ORDER BY key LIMIT ${limit} OFFSET 0
    ) AS found ORDER BY found.key`;
}

/** The tenants whose part of the index is read: '' for facts without a tenant. */
function tenantsOf(query: FactQuery, tenantId: string | undefined): readonly string[] {
  const { kind } = query;
  if (kind.tenant === undefined) return [''];
  const own = settingTenant(query, tenantId) ?? '';
  if (kind.ids.includes(kind.tenant) || own === '') return [own];
  return ['', own];
}

interface Condition {
  readonly type: 'session' | 'linked' | 'indexed';
  /** The name of the field in `fact_index`. */
  readonly field: string;
  readonly value: string;
}

/** The conditions, those of guest sessions and fields first: an id such as that of a tenant matches many facts. */
function conditionsOf({ kind, where }: FactQuery): readonly Condition[] {
  const session = guestSessionFieldOf(kind);
  const conditions = Object.entries(where).map(([name, value]): Condition & { rank: number } => {
    if (session !== undefined && name === session) {
      return { type: 'session', field: name, value, rank: 0 };
    }
    if (session !== undefined && name === session + ofUser) {
      return { type: 'linked', field: name, value, rank: 1 };
    }
    const place = kind.ids.indexOf(name);
    return place === -1
      ? { type: 'indexed', field: name, value, rank: 2 }
      : { type: 'indexed', field: String(place + 1), value, rank: 3 };
  });
  const sorted = conditions.sort((one, other) => one.rank - other.rank);
  // The part of the index for one tenant has only facts with that id.
  const isTenant = (field: string) =>
    kind.tenant !== undefined && field === String(kind.ids.indexOf(kind.tenant) + 1);
  return sorted.length > 1 ? sorted.filter(({ field }) => !isTenant(field)) : sorted;
}
