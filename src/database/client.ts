import { PrismaPg } from '@prisma/adapter-pg';
import { unobserved, type Observe } from '../runtime/observe.ts';
import type { Secret } from '../runtime/secret.ts';
import { withDatabaseErrors, statementError } from './errors.ts';
import { PrismaClient } from './generated/client.ts';
import { createPool } from './pool.ts';
import { ownSchema } from './schema.ts';
import { serversOf } from './servers.ts';
import { setUpSession } from './session.ts';

/** Our tables, behind one rule for errors. */
export interface Database {
  /** Runs a query. Throws `Unavailable` when the database could not answer, never with its address or a row's values. */
  readonly query: <T>(query: (prisma: PrismaClient) => Promise<T>) => Promise<T>;
  /**
   * Runs one prepared statement, past Prisma, whose work for a call is twice the driver's. Resolves to its rows when it is
   * committed; throws `RowRefused` when the database refused a row, `Unavailable` when it could not answer.
   */
  readonly execute: (statement: PreparedStatement) => Promise<readonly object[]>;
  /** Resolves when the database answers a query now; throws `Unavailable` otherwise. */
  readonly ping: () => Promise<void>;
  /** Ends the pool's connections. */
  readonly close: () => Promise<void>;
}

/** A statement that each connection prepares once, under its name. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly (string | null)[];
}

export interface DatabaseOptions {
  readonly url: Secret;
  /** The role that each connection assumes before it is used, as `prepareDatabase` found it; `undefined` for the login itself. */
  readonly role: string | undefined;
  /** The schema of our tables. */
  readonly schema?: string;
  /** Connections at most. */
  readonly poolSize?: number;
  /** Milliseconds after which a connection attempt or a statement is given up. */
  readonly timeoutMs?: number;
  readonly observe?: Observe;
}

/**
 * A prepared statement keeps its plan, and one that was made while a table was small would read all of it after a million
 * rows were imported, until PostgreSQL next looks. So indexes are used from the beginning. These statements read a few rows: to
 * start workers or a compiler costs more than all of that, and PostgreSQL does it for a part of a plan that never runs.
 */
const steadyPlans = { enable_seqscan: 'off', max_parallel_workers_per_gather: '0', jit: 'off' };

/** A client of a prepared database. It connects with the first query, and again by itself when the server comes back. */
export function createDatabase(options: DatabaseOptions): Database {
  const { url, role, schema = ownSchema, poolSize = 10, timeoutMs = 3_000 } = options;
  const { observe = unobserved } = options;
  // The server ends a slow statement; only query_timeout also frees us from a server that is frozen.
  const settings = { ...steadyPlans, statement_timeout: String(timeoutMs) };
  const pool = createPool({
    servers: serversOf(url),
    prepare: (client) => setUpSession(client, { schema, role, settings, isProtected: true }),
    max: poolSize,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs + 500,
    application_name: 'usher',
  });
  const adapter = new PrismaPg(pool, { schema });
  // 'minimal': Prisma's longer messages print the arguments, that is, row values.
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal', log: [] });
  return {
    query: (query) => observe(() => withDatabaseErrors(query(prisma))),
    execute: ({ name, text, values }) =>
      observe(async () => {
        try {
          const { rows } = await pool.query<object>({ name, text, values: [...values] });
          return rows;
        } catch (error) {
          throw statementError(error);
        }
      }),
    ping: async () => {
      await observe(() => withDatabaseErrors(prisma.$queryRaw`SELECT 1`));
    },
    close: async () => {
      await prisma.$disconnect();
      // Prisma ends no pool that it never asked, whose idle connections would keep a command from ending.
      await pool.end();
    },
  };
}
