import type { Observe } from '../../runtime/observe.ts';
import type { Secret } from '../../runtime/secret.ts';
import { createMysqlApplicationDatabase } from './mysql-application-database.ts';
import { createPostgresApplicationDatabase } from './postgres-application-database.ts';
import { createRequestQueue, queueLimits, NoResponse } from '../../runtime/request-queue.ts';
import type { StartTimer } from '../../runtime/timer.ts';
import { Unavailable } from '../../runtime/unavailable.ts';

/** The database of the application. Usher reads some of its rows and never writes. */
export interface ApplicationDatabase {
  /**
   * Returns the row that a parameterised query finds, or `undefined`. The query has `$1`, `$2` … once each and in this
   * order. The server converts each parameter to the type of the column that it is compared with; a text that is no
   * value of that type finds nothing. Throws `Unavailable` on any other failure.
   */
  readonly findRow: <Row extends object>(
    query: string,
    parameters: readonly string[],
  ) => Promise<Row | undefined>;
  /**
   * Selects the id in a column of any type as a text, without the spaces that pad a `char`. Compare it: a query can find a row by another spelling of its
   * id.
   */
  readonly selectId: (column: string) => string;
  /** Selects the time in a column, for `readTime`. */
  readonly selectTime: (column: string) => string;
  /** Reads a selected time: milliseconds since the epoch, null for a null, and NaN for a text that is not a time. */
  readonly readTime: (selected: unknown) => number | null;
  /** Quotes the name of a table or column. */
  readonly quote: (name: string) => string;
  /** Closes the connections of the pool. */
  readonly close: () => Promise<void>;
}

export interface ApplicationDatabaseOptions {
  readonly url: Secret;
  /** The time zone of columns without one, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** Maximum number of connections. */
  readonly poolSize?: number;
  /** Timeout of a connection attempt and of a statement, in milliseconds. */
  readonly timeoutMs?: number;
  readonly observe?: Observe;
}

/**
 * Creates a read-only client of an application's database: PostgreSQL, or MySQL or MariaDB if the URL begins with `mysql://` or
 * `mariadb://`. It connects with the first query, and reconnects after an outage.
 */
export function createApplicationDatabase(
  options: ApplicationDatabaseOptions,
): ApplicationDatabase {
  return /^(?:mysql|mariadb):/.test(options.url.reveal())
    ? createMysqlApplicationDatabase(options)
    : createPostgresApplicationDatabase(options);
}

/** The size of the pool. */
const maxInFlight = 10;

/** The timeout of a statement, in milliseconds. */
const silenceMs = 3_000;

/**
 * Queues the queries of an application's database here, and not in the pool of the driver, which gives them up after three
 * seconds although the server responds to others. After a restart of the Pusher server, all visitors are read at once.
 */
export function queueQueries(
  database: ApplicationDatabase,
  startTimer: StartTimer,
): ApplicationDatabase {
  const queue = createRequestQueue({ ...queueLimits, maxConcurrent: maxInFlight }, startTimer);
  return {
    ...database,
    findRow: async <Row extends object>(query: string, parameters: readonly string[]) => {
      const findNow = async () => {
        const row = await database.findRow<Row>(query, parameters);
        queue.responded();
        return row;
      };
      try {
        return await queue.run(findNow, silenceMs);
      } catch (error) {
        throw error instanceof NoResponse
          ? new Unavailable('host database', { cause: error })
          : error;
      }
    },
  };
}
