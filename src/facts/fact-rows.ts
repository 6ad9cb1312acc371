import { createHash } from 'node:crypto';
import { createBatchedLookup, type BatchedRow } from '../database/batched-lookup.ts';
import type { Database } from '../database/client.ts';
import { isStorable } from '../database/storable-text.ts';
import {
  type FactKind,
  type FactViewer,
  reachOf,
  rowSecurityOf,
  type Reach,
} from '../policy/fact-kind.ts';
import type { FindApplicationRelation, ApplicationRelation } from './application-relations.ts';
import type { StoredFields } from './stored-fields.ts';

/** A fact as the database has it. */
export interface FactRow {
  readonly fields: StoredFields;
  /** The user to whom its guest session is linked. */
  readonly linkedUserId: string | null;
}

/** Reads the row of a fact, if row-level security shows it to this viewer. Throws `Unavailable`. */
export type ReadFactRow = (
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer | 'operator',
) => Promise<FactRow | undefined>;

type FoundRow = BatchedRow & FactRow;
type LookUp = (texts: readonly string[]) => Promise<FoundRow | undefined>;

/** Creates the function that reads the rows of facts. Concurrent reads share one statement. */
export function createReadFactRow(
  database: Database,
  findApplicationRelation: FindApplicationRelation,
): ReadFactRow {
  const lookUp = (name: string, text: string): LookUp =>
    createBatchedLookup<FoundRow>(database, { name, text });
  const byReach: Readonly<Record<Reach, LookUp>> = {
    everybody: lookUp('usher_fact', findPlainFacts),
    viewer: lookUp('usher_fact_of_viewer', findFactsOfViewer),
    session: lookUp('usher_fact_of_session', findFactsOfSession),
  };
  /** By kind, not by its name: a reloaded policy may have other types of fields. */
  const byApplicationRelation = new WeakMap<FactKind, LookUp>();
  const inApplicationRelation = (kind: FactKind, relation: ApplicationRelation): LookUp => {
    const existing = byApplicationRelation.get(kind);
    if (existing !== undefined) return existing;
    const text = findInApplicationRelation(kind, relation);
    const created = lookUp(`usher_fact_${statementHash(text)}`, text);
    byApplicationRelation.set(kind, created);
    return created;
  };
  return async (kind, ids, viewer) => {
    if (ids.length !== kind.ids.length) return undefined;
    const relation = await findApplicationRelation(kind);
    const isOperator = viewer === 'operator';
    const find =
      relation === undefined
        ? byReach[isOperator ? 'session' : reachOf(kind)]
        : inApplicationRelation(kind, relation);
    const { tenantId, guestSessionId } = rowSecurityOf(kind, ids, viewer);
    const texts = [kind.name, factKey(ids), tenantId, guestSessionId, isOperator ? 'on' : 'off'];
    // The JSON of the key hides what the ids contain.
    return ids.every(isStorable) && texts.every(isStorable) ? find(texts) : undefined;
  };
}

/**
 * The requests as a table. Its columns are computed before the lookup: under row-level security PostgreSQL uses an index
 * only for computed values.
 */
const requests = (columns: readonly string[], ids: readonly string[] = []) => `(
    SELECT place::int, ${columns.map((name, place) => `texts ->> ${place} AS ${name}`).join(', ')}${ids.map((_, place) => `, (texts ->> 1)::json ->> ${place} AS id${place}`).join('')}
    FROM json_array_elements($1::json) WITH ORDINALITY AS list(texts, place) OFFSET 0
  ) AS requested`;

/** The columns of requests. PostgreSQL parses a request once for each of them, so a statement has those that it needs. */
const factColumns = ['kind', 'key'] as const;
const tenantColumns = [...factColumns, 'tenant'] as const;
const allColumns = [...tenantColumns, 'session', 'operator'] as const;

/** OFFSET 0 forces one index lookup for each fact, whatever number of requests the planner expects. */
const findPlainFacts = `
  SELECT requested.place, found.*
  FROM ${requests(factColumns)} CROSS JOIN LATERAL (
    SELECT fields, NULL::text AS "linkedUserId" FROM facts WHERE kind = requested.kind AND key = requested.key OFFSET 0
  ) AS found`;

/**
 * LATERAL … OFFSET 0 fixes the order: PostgreSQL makes the settings of a viewer and looks up that fact before it makes the
 * next settings. In another order row-level security would hide the fact, or show it to a viewer of another request.
 */
const settings = `
  CROSS JOIN LATERAL (
    SELECT set_config('usher.tenant', requested.tenant, true) AS tenant,
      set_config('usher.guest_session', requested.session, true) AS session,
      set_config('usher.operator', requested.operator, true) AS operator OFFSET 0
  ) AS viewer`;
const isSet = 'viewer.tenant || viewer.session || viewer.operator IS NOT NULL';

const findFactsOfViewer = `
  SELECT requested.place, found.*
  FROM ${requests(tenantColumns)} CROSS JOIN LATERAL (
    SELECT set_config('usher.tenant', requested.tenant, true) AS tenant OFFSET 0
  ) AS viewer CROSS JOIN LATERAL (
    SELECT fields, NULL::text AS "linkedUserId" FROM facts
    WHERE kind = requested.kind AND key = requested.key AND viewer.tenant IS NOT NULL OFFSET 0
  ) AS found`;

/**
 * `linked_tenant_id` has no table prefix, so that it resolves to the NULL of `fallback` if an application's view of guest sessions
 * lacks the column.
 */
const fallback = 'CROSS JOIN (SELECT NULL::text AS linked_tenant_id) AS fallback';

/** A session that was linked in another tenant belongs to a different user, who is left out. */
const linkedSession = (session: string, tenant: string) => `
    LEFT JOIN guest_sessions s ON s.session_id = ${session} AND (${tenant} IS NULL OR ${tenant} = linked_tenant_id)`;

/** One statement, so that the fact and the link are from the same snapshot. */
const findFactsOfSession = `
  SELECT requested.place, found.*
  FROM ${requests(allColumns)} ${settings} ${fallback} CROSS JOIN LATERAL (
    SELECT f.fields, s.linked_user_id AS "linkedUserId"
    FROM facts f ${linkedSession('f.guest_session_id', 'f.tenant_id')}
    WHERE f.kind = requested.kind AND f.key = requested.key AND ${isSet} OFFSET 0
  ) AS found`;

/** The types to which the columns of an application are converted; other values are as `to_jsonb` writes them. */
const columnTypes: Readonly<Record<string, string>> = {
  string: 'text',
  guest_session: 'text',
  timestamp: 'timestamptz',
  'list(string)': 'text[]',
};

function findInApplicationRelation(kind: FactKind, relation: ApplicationRelation): string {
  const column = (name: string | null) => (name === null ? 'NULL::text' : `r.${quoteName(name)}`);
  const fields = relation.fields
    .filter((name) => Object.hasOwn(kind.fields, name))
    .map((name) => {
      const type = columnTypes[kind.fields[name]?.type ?? ''];
      return `'${name.replaceAll("'", "''")}', ${column(name)}${type === undefined ? '' : `::${type}`}`;
    });
  const where = relation.ids.map((name, place) => `${column(name)} = requested.id${place}`);
  const needsSession = reachOf(kind) === 'session';
  return `
  SELECT requested.place, found.*
  FROM ${requests(allColumns, relation.ids)} ${settings} ${fallback} CROSS JOIN LATERAL (
    SELECT jsonb_build_object(${fields.join(', ')}) AS fields,
      ${needsSession ? 's.linked_user_id' : 'NULL::text'} AS "linkedUserId"
    FROM ${quoteName(relation.relation)} r
      ${needsSession ? linkedSession(column(relation.guestSession), column(relation.tenant)) : ''}
    WHERE ${where.join(' AND ')} AND ${isSet} OFFSET 0
  ) AS found`;
}

/** Quotes the name of a column or a relation. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Identifies the text of a statement: PostgreSQL keeps one prepared statement for each name. */
export function statementHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The `key` of a fact in the database: the JSON text of its ids, as the trigger of `facts` writes it. */
export function factKey(ids: readonly string[]): string {
  return JSON.stringify(ids);
}
