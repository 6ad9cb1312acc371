import type { Database } from '../database/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';
import {
  type FactKind,
  type FindFact,
  guestSessionFieldOf,
  tenantOfFact,
  maxFactsPerCall,
} from '../policy/fact-kind.ts';
import { FactRefused } from '../policy/fact-refused.ts';
import { createReadFactRow, type ReadFactRow, factKey } from './fact-rows.ts';
import { createFindFact } from './fact-sources.ts';
import {
  createFindApplicationRelation,
  type FindApplicationRelation,
} from './application-relations.ts';
import { checkIds, parseFields } from './parse-fields.ts';
import { toBody, type StoredFields } from './stored-fields.ts';

/** A fact that the operator stores. `body` has its fields, as they came. */
export interface PushedFact {
  readonly kind: FactKind;
  readonly ids: readonly string[];
  readonly body: unknown;
}

/**
 * The facts that operators store, of any kind. The next decision after a change uses the new fact. Every method throws
 * `Unavailable` if the database is unavailable.
 */
export interface PushedFacts {
  readonly find: FindFact;
  /** Returns the fields of a fact of any tenant, as the body of a response. Throws `FactRefused` for ids that it cannot have. */
  readonly read: (kind: FactKind, ids: readonly string[]) => Promise<StoredFields | undefined>;
  /** Creates or replaces a fact, and resolves to the stored fields. Throws `FactRefused`. */
  readonly put: (kind: FactKind, ids: readonly string[], body: unknown) => Promise<StoredFields>;
  /** Creates or replaces up to 1,000 facts in one transaction, all or none. Throws `FactRefused` with the place of the first bad one. */
  readonly putAll: (facts: readonly PushedFact[]) => Promise<void>;
  /** Removes a fact, and resolves to true if it existed. Throws `FactRefused`, also for a kind of the application's relation. */
  readonly remove: (kind: FactKind, ids: readonly string[]) => Promise<boolean>;
}

export function createPushedFacts(
  database: Database,
  findApplicationRelation: FindApplicationRelation = createFindApplicationRelation(database),
  readRow: ReadFactRow = createReadFactRow(database, findApplicationRelation),
): PushedFacts {
  const refuseApplicationRelation = async (kind: FactKind): Promise<void> => {
    if (kind.from !== undefined) {
      const { source } = kind.from.type === 'sql' ? kind.from.query : kind.from;
      throw new FactRefused(`${kind.name} is read from the source ${source}; change it there`);
    }
    const application = await findApplicationRelation(kind);
    if (application === undefined) return;
    throw new FactRefused(
      `${kind.name} is read from the application’s own ${application.relation}; change it there`,
    );
  };
  const write = async (facts: readonly PushedFact[]): Promise<readonly StoredFields[]> => {
    for (const kind of new Set(facts.map((fact) => fact.kind)))
      await refuseApplicationRelation(kind);
    const rows = facts.map(toRow);
    await database.execute({
      name: 'usher_put_facts',
      text: putFacts,
      values: [JSON.stringify(rows)],
    });
    return rows.map(({ fields }) => fields);
  };
  return {
    find: createFindFact(readRow),

    read: async (kind, ids) => {
      checkIds(kind, ids);
      const row = await readRow(kind, ids, 'operator');
      return row && toBody(kind, row.fields);
    },

    put: async (kind, ids, body) => {
      const [fields] = await write([{ kind, ids, body }]);
      return toBody(kind, fields ?? {});
    },

    putAll: async (facts) => {
      checkList(facts);
      if (facts.length > 0) await write(facts);
    },

    remove: async (kind, ids) => {
      checkIds(kind, ids);
      await refuseApplicationRelation(kind);
      const [, count] = await database.query((prisma) =>
        prisma.$transaction([
          actAsOperator(prisma),
          prisma.$executeRaw`DELETE FROM facts WHERE kind = ${kind.name} AND key = ${factKey(ids)}`,
        ]),
      );
      return count > 0;
    },
  };
}

/** Checks each fact of a list, so that an error has its place. */
function checkList(facts: readonly PushedFact[]): void {
  if (facts.length > maxFactsPerCall) {
    throw new FactRefused(`body must NOT have more than ${maxFactsPerCall} items`);
  }
  const places = new Map<string, number>();
  for (const [place, fact] of facts.entries()) {
    try {
      toRow(fact);
    } catch (error) {
      throw error instanceof FactRefused ? new FactRefused(error.message, place) : error;
    }
    const name = `${fact.kind.name} ${factKey(fact.ids)}`;
    const before = places.get(name);
    if (before !== undefined) throw new FactRefused(`is the same fact as ${before}`, place);
    places.set(name, place);
  }
}

/** The row of a fact with the names of the columns. Throws `FactRefused`. */
function toRow({ kind, ids, body }: PushedFact) {
  checkIds(kind, ids);
  const fields = parseFields(kind, body);
  const session = guestSessionFieldOf(kind);
  return {
    kind: kind.name,
    ids,
    tenant_id: tenantOfFact(kind, ids, fields),
    guest_session_id: session === undefined ? undefined : fields[session],
    fields,
  };
}

/**
 * LATERAL … OFFSET 0 fixes the order: the setting of the operator before the rows. Sorted, so that two statements with the
 * same facts cannot deadlock.
 */
const putFacts = `
  INSERT INTO facts (kind, ids, tenant_id, guest_session_id, fields)
  SELECT given.* FROM (SELECT set_config('usher.operator', 'on', true) AS setting OFFSET 0) AS operator
    CROSS JOIN LATERAL (
      SELECT kind, ids, tenant_id, guest_session_id, fields FROM jsonb_to_recordset($1::jsonb)
        AS row (kind text, ids text[], tenant_id text, guest_session_id text, fields jsonb)
      WHERE operator.setting = 'on' ORDER BY kind, ids OFFSET 0
    ) AS given
  ON CONFLICT (kind, key) DO UPDATE SET tenant_id = excluded.tenant_id,
    guest_session_id = excluded.guest_session_id, fields = excluded.fields, updated_at = now()`;
