import { StartRefused } from '../runtime/start-refused.ts';
import { RowRefused, Unavailable } from '../runtime/unavailable.ts';
import { errorCodeDescriptions } from './error-codes.ts';

/** Messages of the driver that contain no values and no addresses. */
const driverMessages: ReadonlySet<string> = new Set([
  'Query read timeout',
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Client has encountered a connection error and is not queryable',
  'Cannot use a pool after calling end on the pool',
  'The server does not support SSL connections',
]);

/** The driver's messages about a response outside of the protocol of PostgreSQL, such as the greeting of MySQL. */
const foreignProtocol =
  /^(?:Received unexpected \w+ message from backend|received invalid response:)/;

/** The driver's message about a login without a password, which the server requires. */
const withoutPassword = /^SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be/;

/** Errors that are a result of the query. Any other error means that the database is unavailable. */
const rowResultCodes: ReadonlySet<string> = new Set(['P2002', 'P2025']);

/**
 * Rethrows P2002 (unique) and P2025 (not found) of Prisma. Any other error becomes `Unavailable`, because lost
 * connections and timeouts have no code.
 */
export async function withDatabaseErrors<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    if (isRowResult(error)) throw error;
    throw databaseUnavailable(error);
  }
}

/** By name and not by class, which would load Prisma. */
function isRowResult(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'PrismaClientKnownRequestError') return false;
  return 'code' in error && rowResultCodes.has(String(error.code));
}

/**
 * Creates an `Unavailable` whose cause contains codes and fixed words only. The errors of the driver and of Prisma are
 * dropped: they quote rows ("Failing row contains …"), arguments, addresses, and an invalid URL.
 */
export function databaseUnavailable(error: unknown, dependency = 'database'): Unavailable {
  const refusal = startRefusalIn(error);
  if (refusal !== undefined) return new Unavailable(dependency, { cause: refusal });
  const words = [...new Set(messagesOf(error))].map(describeSqlState);
  return new Unavailable(dependency, {
    cause: new Error(words.length > 0 ? words.join(', ') : 'an error without a code'),
  });
}

/** Returns the `StartRefused` that this error is, or that it contains for one of several servers. */
export function startRefusalIn(error: unknown): StartRefused | undefined {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.find((each) => each instanceof StartRefused);
}

/**
 * SQLSTATE classes of a value that cannot be stored (22), a violated constraint (23), and an exceeded limit such as an
 * index's (54).
 */
const refusesRow = /^(?:22|23|54)[0-9A-Z]{3}$/;
const isThere = '23505';

/** Returns `RowRefused` if the database refused a row, otherwise `Unavailable`. */
export function statementError(error: unknown): Unavailable {
  const fault = databaseUnavailable(error);
  const code = isObject(error) ? error['code'] : undefined;
  return typeof code === 'string' && refusesRow.test(code)
    ? new RowRefused(code === isThere, { cause: fault.cause })
    : fault;
}

function describeSqlState(code: string): string {
  const words = errorCodeDescriptions[code];
  return words === undefined ? code : `${words} (${code})`;
}

/**
 * Yields the codes and fixed words of an error and of its causes. Prisma puts the driver's error into `meta`; for
 * several servers their errors are in `errors`.
 */
function* messagesOf(error: unknown): Generator<string> {
  for (let current = error, depth = 0; isObject(current) && depth < 5; depth += 1) {
    if (current['syscall'] === 'open') {
      yield 'CERTIFICATE_FILE';
      return;
    }
    // MySQL's driver has no code for errors that only MariaDB has.
    const own = current['code'] ?? current['sqlState'];
    for (const code of [own, current['errorCode'], current['originalCode']]) {
      if (typeof code === 'string' && /^[A-Z0-9_]{4,40}$/.test(code)) yield code;
    }
    const { kind, message } = current;
    if (typeof kind === 'string' && /^[A-Za-z]{4,40}$/.test(kind)) yield kind;
    if (typeof message === 'string' && driverMessages.has(message)) yield message;
    if (typeof message === 'string' && foreignProtocol.test(message)) {
      yield 'the response is not of the protocol of PostgreSQL: another server may listen there';
    }
    if (typeof message === 'string' && withoutPassword.test(message)) {
      yield 'the server requires a password, and the URL has none';
    }
    const { cause, meta, errors } = current;
    if (Array.isArray(errors)) for (const each of errors) yield* messagesOf(each);
    current = cause ?? (isObject(meta) ? meta['driverAdapterError'] : undefined);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
