import { withSpan } from '../observability/tracing/span.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { FindAtHost } from './find-at-host.ts';
import type { HostSources } from './host-sources.ts';
import { UnusableResponse } from './unusable-response.ts';
import { nameOfQueried } from './sql/policy-queries.ts';
import type { ListAtHost } from './sql/sql-list.ts';

/** Measures a request for a fact of this kind or for a list, until the returned function is called. */
export type MeasureFact = (kind: string) => (outcome: FactOutcome) => void;

/** `invalid`: the response of the source is neither a fact nor its absence. */
type FactOutcome = 'found' | 'none' | 'invalid' | 'unavailable';

/** The facts and lists in the sources of the policy. */
export interface FactsAtHosts {
  readonly find: FindAtHost;
  readonly list: ListAtHost;
  /** Measures all later requests. */
  readonly measureWith: (measure: MeasureFact) => void;
}

/** Finds facts in databases and by HTTP, and measures each request. */
export function createFactsAtHosts(
  sql: Pick<HostSources, 'find' | 'list'>,
  findByHttp: FindAtHost,
): FactsAtHosts {
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
