import type { Connection, FieldPacket } from 'mysql2';
import {
  isErrorPacket,
  loadMysqlDriver,
  mysqlOptions,
  sessionStatements,
  statementTimeouts,
} from '../mysql-driver.ts';
import type { MysqlAddress } from '../mysql-url.ts';
import { ServerError, type PoolConnection } from './connection-pool.ts';
import type { SqlResult, SqlColumn, SqlRequest } from './sql-result.ts';

interface MysqlConnectionOptions {
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** Opens a read-only connection in UTC. */
export async function openMysqlConnection(
  address: MysqlAddress,
  { connectTimeoutMs, statementTimeoutMs }: MysqlConnectionOptions,
): Promise<PoolConnection<SqlRequest, SqlResult>> {
  const connection = await connect(address, connectTimeoutMs);
  try {
    for (const statement of settings) await send(connection, statement);
    for (const statement of statementTimeouts(statementTimeoutMs)) {
      await send(connection, statement).catch((error: unknown) => {
        if (!isErrorPacket(error)) throw error;
      });
    }
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return {
    capacity: 1,
    run: (request) => execute(connection, request),
    destroy: () => {
      connection.destroy();
    },
  };
}

/** The tokens of a query were read without ANSI_QUOTES and NO_BACKSLASH_ESCAPES. */
const settings = [
  ...sessionStatements,
  "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES'",
];

async function connect(address: MysqlAddress, connectTimeout: number): Promise<Connection> {
  const mysql = await loadMysqlDriver();
  const connection = mysql.createConnection({
    ...(await mysqlOptions(address)),
    connectTimeout,
    enableKeepAlive: true,
    // JavaScript would read another value of JSON.
    jsonStrings: true,
  });
  return new Promise((resolve, reject) => {
    // A connection that breaks between two queries emits `error`. Without a listener the event would end the process.
    connection.on('error', reject);
    connection.once('connect', () => {
      resolve(connection);
    });
  });
}

function send(connection: Connection, statement: string): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.query(statement, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Errors for a text that is not a value of a type. MySQL refuses some, such as times, and compares others loosely. */
const impossibleValues: ReadonlySet<unknown> = new Set([
  'ER_WRONG_VALUE',
  'ER_TRUNCATED_WRONG_VALUE',
]);

/**
 * Errors of a text with a character that the column cannot have, such as an emoji for `utf8mb3`: of MariaDB, and of MySQL 8. The
 * first is also that of a query that compares two collations; then it occurs without values as well.
 */
const impossibleCharacters: ReadonlySet<unknown> = new Set([
  'ER_CANT_AGGREGATE_2COLLATIONS',
  'ER_IMPOSSIBLE_STRING_CONVERSION',
]);

async function execute(connection: Connection, request: SqlRequest): Promise<SqlResult> {
  try {
    return await executeNow(connection, request);
  } catch (error) {
    if (!isErrorPacket(error)) throw error;
    const { code } = error as { readonly code?: unknown };
    if (impossibleValues.has(code)) return 'impossible-value';
    const refused = new ServerError('refused', { cause: error });
    const { statement, values } = request;
    if (!impossibleCharacters.has(code) || values.every((value) => value === null)) throw refused;
    await execute(connection, { statement, values: values.map(() => null) });
    return 'impossible-value';
  }
}

function executeNow(
  connection: Connection,
  { statement: { text: sql }, values }: SqlRequest,
): Promise<SqlResult> {
  return new Promise((resolve, reject) => {
    connection.execute({ sql, rowsAsArray: true }, [...values], (error, rows, fields) => {
      if (error === null) {
        resolve({ columns: fields.map(columnOf), rows: rows as unknown as readonly unknown[][] });
      } else {
        reject(error);
      }
    });
  });
}

const binaryCharset = 63;

/**
 * MariaDB marks expressions of a derived table with this flag, and names a table for them. MySQL names none. Both were read with MariaDB
 * 10.11 and MySQL 5.6.
 */
const binaryFlag = 128;

/**
 * Types of the protocol by their names in MySQL. An integer column of one digit is declared as a boolean. The length of an expression
 * says nothing: MySQL and MariaDB give TRUE the lengths 1 and 5, and a CASE with it 0 and 6.
 */
function columnOf(field: FieldPacket): SqlColumn {
  const {
    name,
    orgTable,
    flags,
    columnType = -1,
    columnLength = 0,
    characterSet,
  } = field as FieldPacket & { readonly characterSet?: number };
  const type = typeNames[columnType] ?? `type ${columnType}`;
  const isComputed = orgTable === '' || (Number(flags) & binaryFlag) !== 0;
  const isOneDigit =
    columnLength === 1 && (type === 'bit' || (type.endsWith('int') && !isComputed));
  // A TINYINT is a boolean with any length, which differs between a query and a union of it.
  if (isOneDigit && type !== 'tinyint') return { name, type: `${type}(1)`, isComputed };
  if (type !== 'text') return { name, type, isComputed };
  return { name, type: characterSet === binaryCharset ? 'binary' : 'text', isComputed };
}

const typeNames: Readonly<Record<number, string>> = {
  1: 'tinyint',
  2: 'smallint',
  3: 'int',
  8: 'bigint',
  9: 'mediumint',
  13: 'year',
  0: 'decimal',
  246: 'decimal',
  4: 'float',
  5: 'double',
  6: 'null',
  16: 'bit',
  245: 'json',
  7: 'timestamp',
  12: 'datetime',
  10: 'date',
  14: 'date',
  11: 'time',
  255: 'geometry',
  15: 'text',
  247: 'text',
  248: 'text',
  249: 'text',
  250: 'text',
  251: 'text',
  252: 'text',
  253: 'text',
  254: 'text',
};
