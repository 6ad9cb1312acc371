import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'mysql2';
import type { MysqlAddress } from './mysql-url.ts';

/** Loads the driver, which is needed for MySQL and MariaDB only. A bundle has the names of a CommonJS package in its default export only. */
export const loadMysqlDriver = async () => (await import('mysql2')).default;

/** The options of every connection to this address. Rejects if the file of the certificate authority cannot be read. */
export async function mysqlOptions({
  server,
  user,
  password,
  database,
  tls,
}: MysqlAddress): Promise<ConnectionOptions> {
  const ca = tls?.caFile === undefined ? undefined : await readFile(tls.caFile, 'utf8');
  return {
    ...server,
    user,
    password,
    database,
    charset: 'utf8mb4',
    // Without `verifyIdentity`, the driver accepts a certificate for any host.
    ...(tls && {
      ssl: { ...(ca !== undefined && { ca }), rejectUnauthorized: true, verifyIdentity: true },
    }),
    // JavaScript would round larger numbers, and shift times.
    supportBigNumbers: true,
    dateStrings: true,
    // Without it, the driver compiles code from the names of columns.
    disableEval: true,
    // A server that is not the application's could otherwise request files of this machine.
    flags: ['-LOCAL_FILES'],
  };
}

/**
 * Resets settings that a server may change for its sessions, as with `init_connect`. In another character set it would replace characters,
 * and without autocommit the first lookup would begin a transaction, in which all later ones see the rows of that time.
 */
const plainSession = 'SET NAMES utf8mb4, SESSION autocommit = 1';

/** What each session begins with. The server then refuses to write. */
export const sessionStatements = [plainSession, 'SET SESSION TRANSACTION READ ONLY'] as const;

/** The server cancels a slow statement. MySQL and MariaDB have different names for the time. Each refuses the name of the other. */
export const statementTimeouts = (timeoutMs: number): readonly string[] => [
  `SET SESSION max_execution_time = ${timeoutMs}`,
  `SET SESSION max_statement_time = ${timeoutMs / 1000}`,
];

/** True for an error that the server sent: it has an SQLSTATE. */
export function isErrorPacket(error: unknown): boolean {
  return typeof (error as { readonly sqlState?: unknown }).sqlState === 'string';
}
