import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe } from 'vitest';
import { freePort } from './free-port.ts';
import { freeze } from './freeze.ts';
import { until } from './redis-server.ts';
import { reportSkipped } from './skipped.ts';

const hasMariadb = ['mariadbd', 'mariadb-install-db'].every(
  (program) => spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0,
);

/** Runs a suite that needs its own MariaDB, if `mariadbd` is installed. */
export const describeMariadb = describe.skipIf(!hasMariadb);

/** Reports that these suites do not run if there is no MariaDB. Call it in the file of such a suite. */
export function reportMariadb(what: string): void {
  if (!hasMariadb) reportSkipped('mariadb', `${what}, for want of mariadbd (mariadb-server)`);
}

/** A MariaDB on a loopback port, in a new directory. */
export interface MariadbServer {
  /** The login of its administrator, on the database `shop`. */
  readonly url: string;
  readonly admin: Connection;
  /** Stops its process (SIGSTOP), and resolves to a function that continues it. */
  readonly freeze: () => Promise<() => void>;
}

/** Starts a MariaDB for the tests of one `describe`, with these options. Call it in the suite, use it in tests. */
export function useMariadb(own: readonly string[] = []): MariadbServer {
  let started: Awaited<ReturnType<typeof startMariadb>> | undefined;
  beforeAll(async () => {
    started = await startMariadb(own);
  }, 120_000);
  afterAll(() => started?.stop());
  return {
    get url() {
      return started!.url;
    },
    get admin() {
      return started!.admin;
    },
    freeze: () => freeze(started!.child.pid!),
  };
}

async function startMariadb(own: readonly string[]) {
  const directory = await mkdtemp(join(tmpdir(), 'usher-mariadb-'));
  // Not /tmp: a starting server removes the temporary tables there, also those of a server beside it.
  const options = [
    '--no-defaults',
    `--datadir=${join(directory, 'data')}`,
    `--tmpdir=${directory}`,
  ];
  // MariaDB runs as root only with this option.
  const user = `--user=${userInfo().username}`;
  await promisify(execFile)('mariadb-install-db', [
    ...options,
    ...[user, '--auth-root-authentication-method=normal', '--skip-test-db'],
  ]);
  // After the installation, which takes seconds: otherwise another program could take the port.
  const port = await freePort();
  const child = spawn(
    'mariadbd',
    [
      ...options,
      ...[user, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--socket=${join(directory, 'socket')}`, `--pid-file=${join(directory, 'pid')}`],
      ...own,
    ],
    { stdio: 'ignore' },
  );
  const stop = () => endMariadb(child, directory);
  try {
    const admin = await connectAdmin(port);
    return {
      child,
      admin,
      url: `mysql://root@127.0.0.1:${port}/shop`,
      stop: () => endWith(admin, stop),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function connectAdmin(port: number): Promise<Connection> {
  let admin: Connection | undefined;
  await until(async () => {
    admin = await createConnection({ host: '127.0.0.1', port, user: 'root' });
    return true;
  });
  await admin!.query('CREATE DATABASE shop');
  await admin!.query('USE shop');
  return admin!;
}

async function endWith(admin: Connection, stop: () => Promise<void>): Promise<void> {
  admin.destroy();
  await stop();
}

async function endMariadb(child: ChildProcess, directory: string): Promise<void> {
  const ended = once(child, 'exit');
  if (child.kill('SIGKILL')) await ended;
  await rm(directory, { recursive: true, force: true });
}
