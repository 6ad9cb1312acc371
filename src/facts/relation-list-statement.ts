import { type FactQuery, guestSessionFieldOf } from '../policy/fact-kind.ts';
import { quoteName } from './fact-rows.ts';
import type { ApplicationRelation } from './application-relations.ts';
import type { ListStatement } from './list-statement.ts';

/** Lists facts of a relation of the application, in the order of their ids. The application decides which indexes it has. */
export function relationListStatement(
  queries: readonly FactQuery[],
  { application, limit }: { readonly application: ApplicationRelation; readonly limit: number },
): ListStatement {
  const values: string[] = [];
  const parameter = (value: string) => `$${values.push(value) + 3}`;
  const column = (name: string) => `r.${quoteName(name)}`;
  const conditionOf = ({ kind }: FactQuery, [name, value]: readonly [string, string]): string => {
    const session = guestSessionFieldOf(kind);
    const place = kind.ids.indexOf(name);
    const id = application.ids[place];
    if (id !== undefined) return `${column(id)} = ${parameter(value)}`;
    if (session !== undefined && name === `${session}.user`) {
      if (application.guestSession === null) return 'false';
      const tenant = application.tenant === null ? 'NULL::text' : column(application.tenant);
      return `EXISTS (SELECT FROM guest_sessions s WHERE s.session_id = ${column(application.guestSession)}
        AND s.linked_user_id = ${parameter(value)} AND (${tenant} IS NULL OR ${tenant} = linked_tenant_id))`;
    }
    if (!application.fields.includes(name)) return 'false';
    return kind.fields[name]?.type === 'list(string)'
      ? `${column(name)} @> ARRAY[${parameter(value)}]`
      : `${column(name)} = ${parameter(value)}`;
  };
  const conditions = queries.map((query) =>
    ['true', ...Object.entries(query.where).map((each) => conditionOf(query, each))].join(' AND '),
  );
  const ids = application.ids.map((name) => `${column(name)}::text`).join(', ');
  const after = application.ids.map((_, place) => `viewer.after ->> ${place}`).join(', ');
  const text = `
    SELECT found.ids FROM (
      SELECT set_config('usher.tenant', $1, true) AS tenant, set_config('usher.guest_session', $2, true) AS session,
        set_config('usher.operator', 'off', true) AS operator, nullif($3, '')::json AS after OFFSET 0
    ) AS viewer CROSS JOIN (SELECT NULL::text AS linked_tenant_id) AS fallback CROSS JOIN LATERAL (
      SELECT ARRAY[${ids}] AS ids FROM ${quoteName(application.relation)} r
      WHERE viewer.tenant || viewer.session || viewer.operator IS NOT NULL
        AND (viewer.after IS NULL OR (${ids}) > (${after}))
        AND (${conditions.join(' OR ')})
      ORDER BY ${ids} LIMIT ${limit} OFFSET 0
    ) AS found ORDER BY found.ids`;
  return { text, values };
}
