import type { Database } from '../database/client.ts';
import { Prisma } from '../database/generated/client.ts';
import { actAsOperator } from '../database/row-level-security/operator.ts';
import type { ShadowVerdict } from './shadow-verdict.ts';

/** The comparisons of a family while one of its sides watched. */
export interface ShadowFamily {
  readonly family: string;
  /** The side that was the shadow. */
  readonly side: ShadowVerdict['side'];
  /** Grants and refusals with which it agreed. */
  readonly agreed: { readonly grants: number; readonly refusals: number };
  readonly disagreed: number;
  /** The newest decisions with which it disagreed, newest first. */
  readonly disagreements: readonly string[];
  readonly noVerdict: number;
  /** The policies that were in use, in the order of their first comparison. An older one may have had other rules. */
  readonly policies: readonly ShadowPolicy[];
}

interface ShadowPolicy {
  /** The hash of the policy. */
  readonly policy: string;
  /** Milliseconds since the epoch: its first comparison. */
  readonly from: number;
}

interface ReportRange {
  /** Milliseconds since the epoch: the first comparison that counts. */
  readonly from?: number | undefined;
  /** Called with the number of comparisons that were read so far. */
  readonly onProgress: (count: number) => void;
}

/** Counts the comparisons by family and side, in the order of their names. Throws `Unavailable`. */
export type ReadShadowReport = (range: ReportRange) => Promise<readonly ShadowFamily[]>;

/** Rows per statement, so that it takes less than the timeout of a statement. */
const chunk = 20_000;

/** The ids of a family. */
const maxIds = 10;

export function createShadowReport(database: Database, rows = chunk): ReadShadowReport {
  return async ({ from, onProgress }) => {
    const families = new Map<string, ShadowFamily>();
    let count = 0;
    let after: Position = { at: new Date(from ?? 0), id: '' };
    for (;;) {
      const [, found] = await database.query((prisma) =>
        prisma.$transaction([
          actAsOperator(prisma),
          prisma.$queryRaw<GroupRow[]>(groupsAfter(after, rows)),
        ]),
      );
      const read = found.reduce((sum, each) => sum + each.total, 0);
      for (const row of found) add(families, row);
      count += read;
      onProgress(count);
      const last = found[0];
      if (last === undefined || read < rows) break;
      after = { at: last.lastAt, id: last.lastId };
    }
    return [...families.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, family]) => family);
  };
}

interface Position {
  readonly at: Date;
  readonly id: string;
}

interface GroupRow extends Pick<
  ShadowFamily,
  'family' | 'side' | 'disagreed' | 'noVerdict' | 'policies'
> {
  readonly total: number;
  readonly grants: number;
  readonly refusals: number;
  readonly ids: readonly string[] | null;
  /** The last row of the chunk. */
  readonly lastAt: Date;
  readonly lastId: string;
}

function groupsAfter({ at, id }: Position, rows: number): Prisma.Sql {
  const newestFirst = Prisma.sql`ORDER BY at DESC, decision_id DESC`;
  return Prisma.sql`
    WITH chunk AS MATERIALIZED (
      SELECT at, decision_id, family, policy, side, answered, result FROM shadow_verdicts
      WHERE at >= ${at} AND (at > ${at} OR decision_id > ${id}) ORDER BY at, decision_id LIMIT ${rows}
    ), last AS (SELECT at, decision_id FROM chunk ${newestFirst} LIMIT 1),
    policies AS (
      SELECT family, side, json_agg(json_build_object(
        'policy', policy, 'from', (extract(epoch FROM first_at) * 1000)::float8) ORDER BY first_at) AS policies
      FROM (SELECT family, side, policy, min(at) AS first_at FROM chunk GROUP BY family, side, policy) AS each
      GROUP BY family, side
    )
    SELECT family, side, count(*)::int AS total,
      (count(*) FILTER (WHERE result = 'agreed' AND answered = 'grant'))::int AS grants,
      (count(*) FILTER (WHERE result = 'agreed' AND answered = 'refusal'))::int AS refusals,
      (count(*) FILTER (WHERE result = 'disagreed'))::int AS disagreed,
      (count(*) FILTER (WHERE result = 'no-verdict'))::int AS "noVerdict",
      (array_agg(decision_id ${newestFirst}) FILTER (WHERE result = 'disagreed'))[1:${maxIds}::int] AS ids,
      (SELECT policies FROM policies WHERE (policies.family, policies.side) = (chunk.family, chunk.side)),
      (SELECT at FROM last) AS "lastAt", (SELECT decision_id FROM last) AS "lastId"
    FROM chunk GROUP BY family, side`;
}

/** Adds a later chunk. */
function add(families: Map<string, ShadowFamily>, row: GroupRow): void {
  const { family, side } = row;
  const key = JSON.stringify([family, side]);
  const known = families.get(key);
  families.set(key, {
    family,
    side,
    agreed: {
      grants: (known?.agreed.grants ?? 0) + row.grants,
      refusals: (known?.agreed.refusals ?? 0) + row.refusals,
    },
    disagreed: (known?.disagreed ?? 0) + row.disagreed,
    disagreements: [...(row.ids ?? []), ...(known?.disagreements ?? [])].slice(0, maxIds),
    noVerdict: (known?.noVerdict ?? 0) + row.noVerdict,
    policies: withoutRepeats([...(known?.policies ?? []), ...row.policies]),
  });
}

/** Keeps the first of several entries of a policy. */
function withoutRepeats(policies: readonly ShadowPolicy[]): readonly ShadowPolicy[] {
  const firsts = new Map<string, ShadowPolicy>();
  for (const each of policies) if (!firsts.has(each.policy)) firsts.set(each.policy, each);
  return [...firsts.values()];
}
