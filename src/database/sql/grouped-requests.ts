import { ServerError } from './connection-pool.ts';
import {
  isSameColumns,
  type BoundStatement,
  type SqlResult,
  type SqlColumn,
  type SqlRequest,
} from './sql-result.ts';

type Execute = (request: SqlRequest) => Promise<SqlResult>;

interface GroupDeps {
  /** Executes one statement at the server. */
  readonly execute: Execute;
  /** Waits for the turn of a statement. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  readonly now: () => number;
}

interface QueuedRequest {
  readonly request: SqlRequest;
  readonly resolve: (result: SqlResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The requests of one statement. */
interface Group {
  readonly statementOf: (size: number) => BoundStatement;
  queued: QueuedRequest[];
  /** The maximum size of a group now. */
  maxSize: number;
  /** The columns of the last request that was executed alone. */
  columns: readonly SqlColumn[] | undefined;
  /** The columns to which those of a group were not equal, because a union can have other types. They prevent groups until they change. */
  differingColumns: readonly SqlColumn[] | undefined;
}

/** The sizes of groups. A connection prepares a statement for each. */
const sizes = [16, 8, 4, 2];
const largest = Math.max(...sizes);

/** The results of a group wait for its slowest request, so requests are executed alone after a result that took the server longer, in milliseconds. */
const slowMs = 50;

/**
 * Executes requests with the same statement together, for a third of the processor time of as many statements. Only requests of the
 * same turn of the event loop are combined, so that none waits for a later one. If the server refuses a group, or its result has
 * other columns, each request is executed alone.
 */
export function groupRequests({ execute, inTurn, now }: GroupDeps): Execute {
  const groups = new WeakMap<BoundStatement, Group>();
  const executeOne: Execute = (request) => inTurn(() => execute(request));

  const executeNow = async (members: readonly QueuedRequest[], group: Group): Promise<void> => {
    const requests = members.map(({ request }) => request);
    try {
      const { results, isFast } = await inTurn(async () => {
        const began = now();
        const found = await executeTogether(requests, group, execute);
        return { results: found, isFast: now() - began <= slowMs };
      });
      const isPlain = results?.every((result) => result !== 'impossible-value') === true;
      group.maxSize = isPlain && isFast ? Math.min(group.maxSize * 2, largest) : 1;
      if (results === undefined) executeSeparately(members);
      else for (const [i, { resolve }] of members.entries()) resolve(results[i] as SqlResult);
    } catch (error) {
      group.maxSize = 1;
      if (members.length > 1 && isOfOneRequest(error)) executeSeparately(members);
      else for (const { reject } of members) reject(error);
    }
  };
  const executeSeparately = (members: readonly QueuedRequest[]): void => {
    for (const { request, resolve, reject } of members) executeOne(request).then(resolve, reject);
  };
  const executeQueued = (group: Group): void => {
    let rest = group.queued;
    group.queued = [];
    const mostNow = group.columns === group.differingColumns ? 1 : group.maxSize;
    while (rest.length > 0) {
      const size = sizes.find((each) => each <= Math.min(rest.length, mostNow)) ?? 1;
      void executeNow(rest.slice(0, size), group);
      rest = rest.slice(size);
    }
  };

  return (request) => {
    const { statement } = request;
    if (statement.grouped === undefined) return executeOne(request);
    const group = groups.get(statement) ?? newGroup(statement.grouped);
    groups.set(statement, group);
    return new Promise((resolve, reject) => {
      group.queued.push({ request, resolve, reject });
      if (group.queued.length > 1) return;
      setImmediate(() => {
        executeQueued(group);
      });
    });
  };
}

const newGroup = (statementOf: Group['statementOf']): Group => ({
  statementOf,
  queued: [],
  maxSize: 1,
  columns: undefined,
  differingColumns: undefined,
});

/** The results of requests with the same statement; `undefined` if each must be executed alone. */
async function executeTogether(
  requests: readonly SqlRequest[],
  group: Group,
  execute: Execute,
): Promise<readonly SqlResult[] | undefined> {
  const [first] = requests;
  if (first === undefined) return [];
  if (requests.length === 1) {
    const result = await execute(first);
    if (result !== 'impossible-value' && !isSameColumns(result.columns, group.columns)) {
      group.columns = result.columns;
    }
    return [result];
  }
  const result = await execute({
    statement: group.statementOf(requests.length),
    values: requests.flatMap(({ values }) => values),
  });
  if (result === 'impossible-value') return undefined;
  // The first column has the number of the request.
  const { columns } = group;
  if (columns === undefined || !isSameColumns(result.columns.slice(1), columns)) {
    group.differingColumns = columns;
    return undefined;
  }
  const rows: (readonly unknown[])[][] = requests.map(() => []);
  for (const [place, ...values] of result.rows) rows[Number(place)]?.push(values);
  return rows.map((each) => ({ columns, rows: each }));
}

/** The codes with which PostgreSQL, MariaDB and MySQL end a statement that takes too long. */
const timeouts: ReadonlySet<unknown> = new Set([
  '57014',
  'ER_STATEMENT_TIMEOUT',
  'ER_QUERY_TIMEOUT',
]);

/** Whether the error can be that of one request. After a timeout of the server each request alone could take as long again. */
function isOfOneRequest(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false;
  const { code } = Object(error.cause) as { readonly code?: unknown };
  return !timeouts.has(code);
}
