import { unobserved, type Observe } from '../../runtime/observe.ts';
import { createRequestQueue, queueLimits, NoResponse } from '../../runtime/request-queue.ts';
import type { Secret } from '../../runtime/secret.ts';
import type { Clock } from '../../runtime/timer.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { databaseUnavailable } from '../errors.ts';
import { loadMysqlDriver } from '../mysql-driver.ts';
import { readMysqlUrl } from '../mysql-url.ts';
import { serversOf } from '../servers.ts';
import {
  ConnectionPool,
  ServerError,
  type PoolConnection,
  type PoolSettings,
} from './connection-pool.ts';
import { groupRequests } from './grouped-requests.ts';
import { openMysqlConnection } from './mysql-connection.ts';
import { openPostgresConnection } from './postgres-connection.ts';
import type { SqlResult, SqlRequest } from './sql-result.ts';

/** A database of the application, which has the facts of a policy. Usher never writes to it. */
export interface SqlDatabase {
  /** Throws `Unavailable`. */
  readonly execute: (request: SqlRequest) => Promise<SqlResult>;
  /** Waits for the requests in flight, and closes the connections. */
  readonly close: () => Promise<void>;
}

interface SqlDatabaseOptions extends Clock {
  /** The dependency in `Unavailable`. */
  readonly dependency: string;
  readonly kind: 'postgres' | 'mysql';
  readonly url: Secret;
  readonly observe?: Observe;
  readonly settings?: Partial<PoolSettings>;
}

/** `maxConnections` is the number of concurrent queries at the server. The timeout is short, because a page waits for its channel. */
const defaults: PoolSettings = { maxConnections: 10, timeoutMs: 2_000, idleMs: 60_000 };

/** Statements. Enough for pipelines of several, and few enough that a slow server completes all of them in time. */
const maxInFlight = 64;

/** Creates the client of a database. It connects with the first request, and again after an outage. */
export function createSqlDatabase(options: SqlDatabaseOptions): SqlDatabase {
  const { dependency, observe = unobserved, now, startTimer } = options;
  const settings = { ...defaults, ...options.settings };
  const open = opener(options, settings.timeoutMs);
  const pool = new ConnectionPool<SqlRequest, SqlResult>(settings, { open, now, startTimer });
  const queue = createRequestQueue({ ...queueLimits, maxConcurrent: maxInFlight }, startTimer);
  const executeAtServer = async (request: SqlRequest): Promise<SqlResult> => {
    try {
      const result = await pool.execute(request);
      queue.responded();
      return result;
    } catch (error) {
      if (error instanceof ServerError) queue.responded();
      throw error;
    }
  };
  const execute = groupRequests({
    execute: executeAtServer,
    now,
    inTurn: (work) => queue.run(work, settings.timeoutMs),
  });
  return {
    execute: (request) =>
      observe(async () => {
        try {
          return await execute(request);
        } catch (error) {
          throw unavailable(causeOf(error), dependency);
        }
      }),
    close: () => pool.close(),
  };
}

/** The server cancels a slow query before Usher gives it up, and then the connection can be used again. */
const statementShare = 0.75;

function opener(
  { kind, url }: SqlDatabaseOptions,
  timeoutMs: number,
): () => Promise<PoolConnection<SqlRequest, SqlResult>> {
  const limits = {
    connectTimeoutMs: timeoutMs,
    statementTimeoutMs: Math.ceil(timeoutMs * statementShare),
  };
  if (kind === 'postgres') {
    const servers = serversOf(url);
    return () => openPostgresConnection(servers, limits);
  }
  // Loaded now, because it takes part of the timeout of the first request otherwise.
  void loadMysqlDriver().catch(() => undefined);
  const address = readMysqlUrl(url.reveal());
  if (address === undefined) throw new Error('The URL of MySQL is invalid');
  return () => openMysqlConnection(address, limits);
}

/**
 * SQLSTATE class 42: the query does not fit the tables, or the role may not read them. 0A: the server does not support it. Such a
 * message names tables and columns, and the values are bound, so it contains none of them.
 */
const namesOnly = /^(?:42|0A)/;

/** SQLSTATE of PostgreSQL and of MySQL: a transaction is read-only. */
const wouldWrite = '25006';

function unavailable(error: unknown, dependency: string): Unavailable {
  if (error instanceof NoResponse) return new Unavailable(dependency, { cause: error });
  const fault = databaseUnavailable(error, dependency);
  const { code, sqlState, message } = Object(error) as Readonly<Record<string, unknown>>;
  const state = typeof sqlState === 'string' ? sqlState : code;
  if (state === wouldWrite) {
    return new Unavailable(dependency, {
      cause: new Error('the query writes or locks rows, and sessions are read-only (25006)'),
    });
  }
  if (typeof state !== 'string' || !namesOnly.test(state)) return fault;
  const name = typeof code === 'string' ? code : state;
  return new Unavailable(dependency, { cause: new Error(`${String(message)} (${name})`) });
}

const causeOf = (error: unknown): unknown => (error instanceof ServerError ? error.cause : error);
