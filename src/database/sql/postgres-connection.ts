import { DatabaseError, type Client, type ClientBase } from 'pg';
import { openConnection } from '../connection.ts';
import { isDirect } from '../pooler.ts';
import type { ServerList } from '../servers.ts';
import { ServerError, type PoolConnection } from './connection-pool.ts';
import type { SqlResult, SqlColumn, SqlRequest } from './sql-result.ts';

interface PostgresConnectionOptions {
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** The maximum number of requests that are sent on a connection before their results arrive. */
const pipelined = 32;

/**
 * Opens a read-only connection in UTC. The settings are those of the session. Behind a pooler they are those of one
 * transaction for each request, because the next client of the pooler could get the same session.
 */
export async function openPostgresConnection(
  servers: ServerList,
  { connectTimeoutMs, statementTimeoutMs }: PostgresConnectionOptions,
): Promise<PoolConnection<SqlRequest, SqlResult>> {
  const options = {
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'usher',
    pipeline: true,
  };
  const settings = settingsOf(statementTimeoutMs);
  const direct = new WeakSet<ClientBase>();
  const client = await openConnection(servers, options, async (opened) => {
    if (!(await isDirect(opened))) return;
    direct.add(opened);
    const session = ['default_transaction_read_only = on', ...settings];
    await Promise.all(session.map((setting) => opened.query(`SET ${setting}`)));
  });
  const isPooled = !direct.has(client);
  const namesOf = createTypeNames(client);
  const run = isPooled ? inTransaction(client, settings) : prepared(client);
  return {
    capacity: isPooled ? 1 : pipelined,
    run: async (request) => {
      try {
        const { fields, rows } = await run(request);
        return { columns: await namesOf(fields), rows };
      } catch (error) {
        if (isImpossibleValue(error)) return 'impossible-value';
        throw isServerError(error) ? new ServerError('refused', { cause: error }) : error;
      }
    },
    destroy: () => {
      client.connection.stream.destroy();
    },
  };
}

/**
 * DateStyle and TimeZone: Usher reads times as ISO in UTC. Strings: the tokens of a query were read with this setting. Each is set by
 * a statement of its own: Pgpool-II sends several statements in one query to the primary only, and the reads that follow to a standby.
 */
const settingsOf = (statementTimeoutMs: number): readonly string[] => [
  `statement_timeout = ${statementTimeoutMs}`,
  "TimeZone = 'UTC'",
  "DateStyle = 'ISO, MDY'",
  'standard_conforming_strings = on',
];

interface Result {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
  readonly rows: readonly (readonly unknown[])[];
}

type Run = (request: SqlRequest) => Promise<Result>;

/** The values are texts as the server writes them. */
const asText = { getTypeParser: () => (text: unknown) => text };

function query(
  client: Client,
  { statement: { text }, values }: SqlRequest,
  name?: string,
): Promise<Result> {
  return client.query<unknown[]>({
    ...(name !== undefined && { name }),
    text,
    values: [...values],
    rowMode: 'array',
    types: asText,
  });
}

/**
 * Prepares each statement once. A prepared statement keeps the types of its parameters when the type of a column changes, so an
 * id that only the new type accepts would not be found. After an error that outdated types may have caused, the statement is
 * executed without preparation. If that succeeds, it is prepared again under another name.
 */
function prepared(client: Client): Run {
  const changes = new Map<string, number>();
  return async (request) => {
    const { name } = request.statement;
    const change = changes.get(name) ?? 0;
    try {
      return await query(client, request, change === 0 ? name : `${name}_${change}`);
    } catch (error) {
      if (!isImpossibleValue(error) && !isSchemaError(error) && !isOutdated(error)) throw error;
      const result = await query(client, request);
      changes.set(name, change + 1);
      return result;
    }
  };
}

/** All statements are sent at once. After an error in one of them, the last one is a rollback. */
const inTransaction =
  (client: Client, settings: readonly string[]): Run =>
  async (request) => {
    const statements = ['BEGIN READ ONLY', ...settings.map((setting) => `SET LOCAL ${setting}`)];
    const begun = Promise.all(statements.map((statement) => client.query(statement)));
    const queried = query(client, request);
    const ended = client.query('COMMIT');
    const [, result] = await Promise.allSettled([begun, queried, ended]);
    await begun;
    if (result.status === 'rejected') throw result.reason;
    await ended;
    return result.value;
  };

/**
 * SQLSTATE class 22: the text is not a value of the type, or out of its range. 23514: a domain refuses it. 42601: its syntax is
 * wrong, as for `ltree`.
 */
const impossibleValues = /^(?:22|23514|42601)/;

/**
 * Whether a value could not be bound. The context of such an error names this one parameter, as in `unnamed portal parameter $1`, in
 * the language of the server. That of an error in the query itself has no parameter, that of a function (`PL/pgSQL function …`), or,
 * with `log_parameter_max_length_on_error`, all of them, and a statement has at least two.
 */
function isImpossibleValue(error: unknown): boolean {
  if (!(error instanceof DatabaseError) || !impossibleValues.test(error.code ?? '')) return false;
  const { where = '' } = error;
  return /\$\d/.test(where) && !/\$1 = '[^]*\$2 = '|PL\//.test(where);
}

/** SQLSTATE class 42: the statement does not fit the tables. */
function isSchemaError(error: unknown): boolean {
  return error instanceof DatabaseError && /^42/.test(error.code ?? '');
}

/** The columns of a prepared statement have another type now, or a pooler has lost the statement. */
function isOutdated(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.code === '26000' || error.routine === 'RevalidateCachedQuery';
}

/** Not an error of class 57P or 08, after which the server closes the connection. */
function isServerError(error: unknown): boolean {
  return error instanceof DatabaseError && !/^(?:57P|08)/.test(error.code ?? '');
}

/** The names of types by their oid: `enum`, `citext`, and those of arrays with `[]`. Those that are not `known` are looked up once. */
function createTypeNames(
  client: ClientBase,
): (fields: Result['fields']) => Promise<readonly SqlColumn[]> | readonly SqlColumn[] {
  const own = new Map<number, string>();
  const columnsOf = (fields: Result['fields']): readonly SqlColumn[] =>
    fields.map(({ name, dataTypeID }) => ({
      name,
      type: known[dataTypeID] ?? own.get(dataTypeID) ?? `type ${dataTypeID}`,
    }));
  return (fields) => {
    const unknown = fields.flatMap(({ dataTypeID: oid }) =>
      known[oid] === undefined && !own.has(oid) ? [oid] : [],
    );
    if (unknown.length === 0) return columnsOf(fields);
    return client
      .query<{ oid: number; name: string }>(findTypes, [`{${unknown.join()}}`])
      .then(({ rows }) => {
        for (const { oid, name } of rows) own.set(oid, name);
        return columnsOf(fields);
      });
  };
}

const findTypes = `
  SELECT t.oid::int8::int AS oid,
    CASE WHEN e.typtype = 'e' THEN 'enum[]' WHEN e.oid IS NOT NULL THEN e.typname::text || '[]'
      WHEN t.typtype = 'e' THEN 'enum' ELSE t.typname::text END AS name
  FROM pg_type t LEFT JOIN pg_type e ON t.typcategory = 'A' AND e.oid = t.typelem WHERE t.oid = ANY ($1::oid[])`;

/** The types that need no lookup. */
const known: Readonly<Record<number, string>> = {
  16: 'bool',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  700: 'float4',
  701: 'float8',
  1700: 'numeric',
  18: 'char',
  19: 'name',
  25: 'text',
  1042: 'bpchar',
  1043: 'varchar',
  2950: 'uuid',
  1082: 'date',
  1114: 'timestamp',
  1184: 'timestamptz',
  114: 'json',
  3802: 'jsonb',
  17: 'bytea',
  1003: 'name[]',
  1009: 'text[]',
  1014: 'bpchar[]',
  1015: 'varchar[]',
  2951: 'uuid[]',
  1005: 'int2[]',
  1007: 'int4[]',
  1016: 'int8[]',
  1083: 'time',
  1186: 'interval',
  705: 'unknown',
};
