import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import { unobserved } from '../../runtime/observe.ts';
import { createReopenable } from '../../runtime/reopenable.ts';
import { createZonedTimes } from '../../runtime/zoned-time.ts';
import { databaseUnavailable } from '../errors.ts';
import {
  isErrorPacket,
  loadMysqlDriver,
  mysqlOptions,
  sessionStatements,
  statementTimeouts,
} from '../mysql-driver.ts';
import { readMysqlUrl } from '../mysql-url.ts';
import { isStorable } from '../storable-text.ts';
import type { ApplicationDatabase, ApplicationDatabaseOptions } from './application-database.ts';

/** Creates a read-only client of an application's MySQL or MariaDB. The driver is loaded with the first query. */
export function createMysqlApplicationDatabase(
  options: ApplicationDatabaseOptions,
): ApplicationDatabase {
  const { url, timeZone, timeoutMs = 3_000, observe = unobserved } = options;
  const readZoned = createZonedTimes(timeZone);
  const pools = createReopenable<Pool>(url, {
    open: (text) => openPool(text, options),
    test: async (pool) => {
      (await borrow(pool, timeoutMs)).release();
    },
    close: (pool) => pool.end(),
  });
  return {
    findRow: async <Row extends object>(query: string, parameters: readonly string[]) => {
      if (!parameters.every(isStorable)) return undefined;
      return observe(async () => {
        try {
          const pool = await pools.get();
          const connection = await borrow(pool, timeoutMs);
          // Prepared by the server: no text is put into the statement.
          const sql = query.replace(/\$[0-9]+/g, '?');
          return await runOn(connection, timeoutMs + 500, async () => {
            const [rows] = await connection.execute<RowDataPacket[]>(sql, [...parameters]);
            return rows[0] as Row | undefined;
          });
        } catch (error) {
          throw databaseUnavailable(error, 'host database');
        }
      });
    },
    selectId: (column) => `rtrim(concat(${column}, ''))`,
    // As text without a time zone, as the application reads it: the connections of the application do not set a time zone either.
    selectTime: (column) => `date_format(${column}, '%Y-%m-%dT%H:%i:%s.%f')`,
    readTime: (selected) => (typeof selected === 'string' ? readZoned(selected) : null),
    quote: (name) => `\`${name.replaceAll('`', '``')}\``,
    close: pools.close,
  };
}

async function openPool(
  url: string,
  { poolSize = 10, timeoutMs = 3_000 }: ApplicationDatabaseOptions,
): Promise<Pool> {
  const address = readMysqlUrl(url);
  if (address === undefined) throw new Error('The URL of MySQL is invalid');
  const mysql = await loadMysqlDriver();
  const pool = mysql.createPool({
    ...(await mysqlOptions(address)),
    connectionLimit: poolSize,
    queueLimit: 1_000,
    connectTimeout: timeoutMs,
  });
  pool.on('connection', (connection) => {
    for (const statement of [...sessionStatements, ...statementTimeouts(timeoutMs)]) {
      connection.query(statement, () => undefined);
    }
  });
  return pool.promise();
}

/** Waits for a connection no longer than this time. A connection that is available later goes back to the pool. */
async function borrow(pool: Pool, timeoutMs: number): Promise<PoolConnection> {
  const borrowed = pool.getConnection();
  return withTimeout(borrowed, timeoutMs, () => {
    borrowed.then(
      (connection) => {
        connection.release();
      },
      () => undefined,
    );
  });
}

/** Closes the connection if the server did not respond, because the response could still come. */
async function runOn<T>(
  connection: PoolConnection,
  timeoutMs: number,
  run: () => Promise<T>,
): Promise<T> {
  try {
    const result = await withTimeout(run(), timeoutMs, () => undefined);
    connection.release();
    return result;
  } catch (error) {
    if (isErrorPacket(error)) connection.release();
    else connection.destroy();
    throw error;
  }
}

/** The driver's own timeout does not cover the preparation of a statement. */
async function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  onTimeout: () => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      onTimeout();
      reject(Object.assign(new Error(), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
  });
  // After a timeout the promise may still reject.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
