import type { Pool } from 'pg';
import { unobserved, type Observe } from '../runtime/observe.ts';
import type { Secret } from '../runtime/secret.ts';
import { withDatabaseErrors, statementError } from './errors.ts';
import type { PrismaClient } from './generated/client.ts';
import { createPool } from './pool.ts';
import { ownSchema } from './schema.ts';
import { serversOf } from './servers.ts';
import { setUpSession } from './session.ts';

/** The database of Usher's own tables. All errors pass through one rule, see `errors.ts`. */
export interface Database {
  /** Runs a query with Prisma, which is loaded with the first one. Throws `Unavailable` on a failure; the error contains no address and no value of a row. */
  readonly query: <T>(query: (prisma: PrismaClient) => Promise<T>) => Promise<T>;
  /**
   * Runs one prepared statement without Prisma, which needs twice the CPU time of the driver for a call. Resolves to
   * the rows after the commit. Throws `RowRefused` if the database refuses a row, and `Unavailable` on any other
   * failure.
   */
  readonly execute: (statement: PreparedStatement) => Promise<readonly object[]>;
  /** Resolves if the database can run a query now; throws `Unavailable` otherwise. */
  readonly ping: () => Promise<void>;
  /** Closes the connections of the pool. */
  readonly close: () => Promise<void>;
}

/** A statement that each connection prepares once, under this name. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly (string | null)[];
}

interface DatabaseOptions {
  readonly url: Secret;
  /**
   * The role that each connection sets first, as `prepareDatabase` returned it; `undefined` if the login keeps its own
   * role.
   */
  readonly role: string | undefined;
  /** The schema of our tables. */
  readonly schema?: string;
  /** Maximum number of connections. */
  readonly poolSize?: number;
  /** Timeout of a connection attempt and of a statement, in milliseconds. */
  readonly timeoutMs?: number;
  readonly observe?: Observe;
}

/**
 * A prepared statement keeps its plan. A plan that was made for a small table would still scan the whole table after an
 * import of a million rows, until PostgreSQL plans again. So sequential scans are disabled from the beginning. These
 * statements read a few rows: starting parallel workers or the JIT compiler would cost more than the statement, and
 * PostgreSQL also compiles parts of a plan that never run.
 */
const steadyPlans = { enable_seqscan: 'off', max_parallel_workers_per_gather: '0', jit: 'off' };

/** Creates a client of a prepared database. It connects with the first query, and reconnects after an outage. */
export function createDatabase(options: DatabaseOptions): Database {
  const { url, role, schema = ownSchema, poolSize = 10, timeoutMs = 3_000 } = options;
  const { observe = unobserved } = options;
  // The server cancels a slow statement. A frozen server cannot, so `query_timeout` is also needed.
  const settings = { ...steadyPlans, statement_timeout: String(timeoutMs) };
  const pool = createPool({
    servers: serversOf(url),
    prepare: (client) => setUpSession(client, { schema, role, settings, isProtected: true }),
    max: poolSize,
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs + 500,
    application_name: 'usher',
  });
  let prisma: Promise<PrismaClient> | undefined;
  const execute: Database['execute'] = ({ name, text, values }) =>
    observe(async () => {
      try {
        const { rows } = await pool.query<object>({ name, text, values: [...values] });
        return rows;
      } catch (error) {
        throw statementError(error);
      }
    });
  return {
    query: (query) => {
      prisma ??= openPrisma(pool, schema);
      const opened = prisma;
      return observe(() => withDatabaseErrors(opened.then(query)));
    },
    execute,
    ping: async () => {
      await execute({ name: 'usher_ping', text: 'SELECT 1', values: [] });
    },
    close: async () => {
      await (await prisma)?.$disconnect();
      // Prisma does not close a pool that it was given. Its idle connections would keep a command from exiting.
      await pool.end();
    },
  };
}

/** Prisma takes 20 MB of memory and a quarter of the processor time of a start, and most requests do not need it. */
async function openPrisma(pool: Pool, schema: string): Promise<PrismaClient> {
  const { createPrisma } = await import('./prisma.ts');
  return createPrisma(pool, schema);
}
