import type { Database } from '../database/client.ts';
import type { FactKind } from '../policy/fact-kind.ts';

/** A relation of the application with facts of one kind. The columns of fields have the names of the fields. */
export interface ApplicationRelation {
  readonly kind: string;
  readonly relation: string;
  /** The columns with the ids, in their order. */
  readonly ids: readonly string[];
  readonly fields: readonly string[];
  /** The columns with the tenant and the guest session. */
  readonly tenant: string | null;
  readonly guestSession: string | null;
}

/** Returns the relation of the application that has the facts of this kind; `undefined` if they are in `facts`. Throws `Unavailable`. */
export type FindApplicationRelation = (kind: FactKind) => Promise<ApplicationRelation | undefined>;

/**
 * Creates the function that finds relations of the application. They are read once, with the first call: a view that the application puts
 * in the place of Usher's own later is used after a restart.
 */
export function createFindApplicationRelation(database: Database): FindApplicationRelation {
  let loading: Promise<ReadonlyMap<string, ApplicationRelation>> | undefined;
  const load = async (): Promise<ReadonlyMap<string, ApplicationRelation>> => {
    const rows = await database.execute({
      name: 'usher_host_relations',
      text: findRelations,
      values: [],
    });
    return new Map((rows as readonly ApplicationRelation[]).map((row) => [row.kind, row]));
  };
  return async (kind) => {
    loading ??= load();
    try {
      const found = (await loading).get(kind.name);
      return found?.ids.length === kind.ids.length ? found : undefined;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  };
}

/** Usher's own views have the trigger that writes facts. A column that the application's relation lacks is left out. */
const findRelations = `
  SELECT kind, relation, ids, tenant, guest_session AS "guestSession", ARRAY(
      SELECT field FROM unnest(mapped.fields) AS field WHERE field IN (
        SELECT attname::text FROM pg_attribute WHERE attrelid = own.oid AND attnum > 0 AND NOT attisdropped)
    ) AS fields
  FROM (SELECT kind, relation, ids, fields,
      (SELECT attname::text FROM pg_attribute WHERE attname = tenant AND attrelid = to_regclass(quote_ident(relation))) AS tenant,
      (SELECT attname::text FROM pg_attribute WHERE attname = guest_session AND attrelid = to_regclass(quote_ident(relation)))
        AS guest_session
    FROM fact_relations) AS mapped
  JOIN pg_class AS own ON own.oid = to_regclass(quote_ident(relation))
  WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = own.oid AND tgname = 'usher_write_fact')`;
