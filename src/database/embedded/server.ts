import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartRefused } from '../../runtime/start-refused.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { cannotRun } from './binaries.ts';
import type { Cluster } from './cluster.ts';
import { serverEnvironment } from './cluster.ts';
import type { ListenAddress } from './pid-file.ts';
import { isServerOf, readPidFile } from './pid-file.ts';

/** Maximum size of the log in bytes. A start truncates a larger log, because nothing rotates it. */
const maxLogBytes = 1_000_000;

export interface LaunchOptions {
  readonly cluster: Cluster;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly address: ListenAddress;
}

/**
 * Starts the server and resolves when it accepts connections. It also resolves if the caller must check again: a
 * concurrent start was first, or resources of a killed server are still in use. Throws `StartRefused` with the messages
 * of the server if it could not start.
 */
export async function launch({
  cluster,
  binaries,
  account,
  address,
}: LaunchOptions): Promise<void> {
  const logPath = join(cluster.home, 'log');
  const log = await open(logPath, 'a+', 0o600);
  try {
    if ((await log.stat()).size > maxLogBytes) await log.truncate();
    const { size: start } = await log.stat();
    const child = spawn(binaries.postgres, serverOptions(cluster, address), {
      ...account,
      cwd: '/',
      env: serverEnvironment,
      // A file, not a pipe: if Usher died, the server would block on writing to a pipe.
      stdio: ['ignore', log.fd, log.fd],
      // Own process group: the terminal sends Ctrl-C to the whole group, which would stop the server before Usher has
      // drained.
      detached: true,
    });
    child.unref();
    let exit: { readonly code: number | string | null } | undefined;
    child.once('error', (error: NodeJS.ErrnoException) => (exit = { code: error.code ?? null }));
    child.once('exit', (code) => (exit = { code }));
    // Polls the pid file, as pg_ctl does. Connection attempts would fill the log with "the database system is starting
    // up".
    while (exit === undefined) {
      const file = await readPidFile(cluster.data);
      if (child.pid !== undefined && file?.pid === child.pid && file.ready) return;
      await sleep(5);
    }
    const present = await readPidFile(cluster.data);
    if (present !== undefined && (await isServerOf(cluster.data, present.pid))) return;
    const { buffer, bytesRead } = await log.read({ position: start });
    const lastLines =
      buffer.toString('utf8', 0, bytesRead).match(/(?:FATAL|PANIC|DETAIL): {2}.*/g) ?? [];
    // Sessions of a killed server end soon, but until then they keep its shared memory. A lock file that "already
    // exists" has the pid of another process, which started after `removeStale` had run.
    if (lastLines.some((line) => /still in use|lock file .* already exists/.test(line))) return;
    throw (
      cannotRun(exit) ??
      new StartRefused(
        `The embedded PostgreSQL did not start (its log is ${logPath}). ${lastLines.slice(-2).join(' ')}`.trim(),
      )
    );
  } finally {
    await log.close();
  }
}

/** The settings are on the command line and not in the data directory, so that they match this version of Usher. */
function serverOptions({ data, home }: Cluster, { host, port }: ListenAddress): string[] {
  const onSocket = host === home;
  const settings: Readonly<Record<string, string>> = {
    // Quoted, because a comma separates directories in this setting.
    unix_socket_directories: onSocket ? `"${host.replaceAll('"', '""')}"` : '',
    unix_socket_permissions: '0700',
    listen_addresses: onSocket ? '' : host,
    port: String(port),
    password_encryption: 'scram-sha-256',
    shared_buffers: '16MB',
    max_connections: '50',
    io_method: 'sync',
    max_parallel_workers: '0',
    max_logical_replication_workers: '0',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Values of rows must not reach the log: no DETAIL of an error, no text of a failed statement.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    logging_collector: 'off',
  };
  return [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
