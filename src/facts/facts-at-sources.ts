import { withSpan } from '../observability/tracing/span.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { SqlSources } from './sql-sources.ts';
import { UnusableResponse } from './source-errors.ts';
import { nameOfQueried } from './sql/policy-queries.ts';
import type { ListAtSource } from './sql/sql-list.ts';
import type { Fact, FactKind, FactViewer } from '../policy/fact-kind.ts';
import type { StoredFields } from './stored-fields.ts';

/** Finds a fact of a kind with a source. The operator sees facts of all tenants. Throws `Unavailable`. */
export type FindAtSource = (
  kind: FactKind,
  ids: readonly string[],
  viewer: FactViewer | 'operator',
) => Promise<Fact | undefined>;

/** As row-level security of Usher's own table: a fact whose field names another tenant is hidden, and one of no tenant is shown. */
export function isVisible(kind: FactKind, fact: Fact, viewer: FactViewer | 'operator'): boolean {
  if (viewer === 'operator' || kind.tenant === undefined || kind.ids.includes(kind.tenant))
    return true;
  const tenant = fact[kind.tenant];
  return tenant === undefined || tenant === viewer.tenantId;
}

/** A fact of a source as the body of a response. */
export function bodyOfFact(fact: Fact): StoredFields {
  return Object.fromEntries(
    Object.entries(fact).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ]),
  );
}

/** Measures a request for a fact of this kind or for a list, until the returned function is called. */
export type MeasureFact = (kind: string) => (outcome: FactOutcome) => void;

/** `invalid`: the response of the source is neither a fact nor its absence. */
type FactOutcome = 'found' | 'none' | 'invalid' | 'unavailable';

/** The facts and lists in the sources of the policy. */
export interface FactsAtSources {
  readonly find: FindAtSource;
  readonly list: ListAtSource;
  /** Measures all later requests. */
  readonly measureWith: (measure: MeasureFact) => void;
}

/** Finds facts in databases and by HTTP, and measures each request. */
export function createFactsAtSources(
  sql: Pick<SqlSources, 'find' | 'list'>,
  findByHttp: FindAtSource,
): FactsAtSources {
  let measure: MeasureFact = () => () => undefined;

  const measured = async <Result>(
    name: string,
    find: () => Promise<Result>,
    isFound: (result: Result) => boolean,
  ): Promise<Result> => {
    const end = measure(name);
    try {
      const result = await find();
      end(isFound(result) ? 'found' : 'none');
      return result;
    } catch (error) {
      end(isInvalid(error) ? 'invalid' : 'unavailable');
      throw error;
    }
  };

  return {
    find: (kind, ids, viewer) => {
      const find = kind.from?.type === 'http' ? findByHttp : sql.find;
      return measured(
        kind.name,
        () => find(kind, ids, viewer),
        (fact) => fact !== undefined,
      );
    },
    list: (list, values, after) => {
      const name = nameOfQueried(list);
      const read = () => withSpan(name, () => sql.list(list, values, after));
      return measured(name, read, (rows) => rows.length > 0);
    },
    measureWith: (next) => {
      measure = next;
    },
  };
}

const isInvalid = (error: unknown): boolean =>
  error instanceof Unavailable && error.cause instanceof UnusableResponse;
