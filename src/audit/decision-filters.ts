import type { DecisionEntry } from './audit-event.ts';
import { shadowResults } from './shadow-verdict.ts';

/** A filter of recorded decisions by the value of a column. */
export interface DecisionFilter {
  /** The column of `audit_log`, or of the other table. */
  readonly column: string;
  /** The table whose rows are the decisions of this filter, each with the time of its decision or later. */
  readonly table?: 'shadow_verdicts';
  readonly about: string;
  /** The possible values; any text without it. */
  readonly values?: readonly string[];
  /**
   * True if an index has the column and then the time. Decisions with this value are found by it. Other filters select
   * among the newest decisions that a query reads.
   */
  readonly isIndexed?: boolean;
}

/** The filters by name. Of several indexed ones the first determines the index. */
export const decisionFilters = {
  principal: { column: 'principal_id', about: 'The id of the principal', isIndexed: true },
  channel: { column: 'channel', about: 'The name of the channel', isIndexed: true },
  check: { column: 'failed_check', about: 'The first failed check', isIndexed: true },
  tenant: { column: 'tenant_id', about: 'The tenant', isIndexed: true },
  shadow: {
    column: 'result',
    table: 'shadow_verdicts',
    about: 'The verdict of the shadow',
    values: shadowResults,
    isIndexed: true,
  },
  outcome: {
    column: 'outcome',
    about: 'Grants or refusals',
    values: ['grant', 'refusal'],
  },
  kind: { column: 'principal_kind', about: 'The kind of the principal' },
  family: { column: 'family', about: 'The pattern of the channel' },
  code: { column: 'code', about: 'The reason of a refusal' },
  action: { column: 'action', about: 'The action, such as `subscribe`' },
  policy: { column: 'policy', about: 'The hash of the policy that decided' },
  address: { column: 'address', about: 'The address of the client' },
  request: { column: 'request_id', about: 'The id of the request' },
} as const satisfies Readonly<Record<string, DecisionFilter>>;

export type DecisionFilterName = keyof typeof decisionFilters;

/** The values that decisions must have, by filter. */
export type DecisionQuery = Readonly<Partial<Record<DecisionFilterName, string>>>;

/** The position of a decision in the order of time and id. */
export interface DecisionPosition {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly decisionId: string;
}

/** A query of recorded decisions, newest first. */
export interface DecisionPageQuery {
  readonly filters: DecisionQuery;
  /** Milliseconds since the epoch: the first one that is included, and the first one that is not. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Only decisions before this position. */
  readonly before?: DecisionPosition | undefined;
  readonly limit: number;
}

/** Decisions, newest first, and the position before which the next page continues; none if there are no others. */
export interface DecisionPage {
  readonly decisions: readonly DecisionEntry[];
  readonly next: DecisionPosition | undefined;
}

/** Finds decisions in the audit log. A page may have fewer than `limit`, or none, and still a next one. Throws `Unavailable`. */
export type FindDecisions = (query: DecisionPageQuery) => Promise<DecisionPage>;
