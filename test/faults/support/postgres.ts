import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';
import { inject } from 'vitest';

import { serverAccount } from '../../../src/database/embedded/account.ts';
import { findBinaries } from '../../../src/database/embedded/binaries.ts';
import { ensureCluster } from '../../../src/database/embedded/cluster.ts';
import { urlOf } from '../../../src/database/embedded/listen-address.ts';
import { isServerOf, readPidFile } from '../../../src/database/embedded/pid-file.ts';
import { launch } from '../../../src/database/embedded/server.ts';
import { freePort } from '../../support/free-port.ts';
import { freeze } from '../../support/freeze.ts';

/** A PostgreSQL server that a test may stop, kill or freeze. */
export interface Postgres {
  /** The superuser's login, over TCP as `DATABASE_URL` usually is. */
  readonly url: string;
  /** Starts it again if it is not running; resolves when it accepts connections. */
  readonly start: () => Promise<void>;
  /** Stops it as an operator does: sessions are closed. */
  readonly stop: () => Promise<void>;
  /** Kills it, like the kernel when memory is exhausted. */
  readonly kill: () => Promise<void>;
  /** Stops every process of it (SIGSTOP) with open connections; resolves to a function that continues them. */
  readonly freeze: () => Promise<() => void>;
  /** Closes all other sessions. */
  readonly cutConnections: () => Promise<void>;
  /** Runs one statement on its own connection. */
  readonly query: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
  readonly remove: () => Promise<void>;
}

/** Starts a server on a free loopback port. */
export async function startPostgres(): Promise<Postgres> {
  const parent = await mkdtemp(join(inject('faultDirectory'), 'postgres-'));
  // As root, the server runs as another user, which needs access to its parent directory.
  await chmod(parent, 0o711);
  const binaries = findBinaries();
  const account = await serverAccount();
  const cluster = await ensureCluster({ dataDir: parent, binaries, account });
  const address = { host: '127.0.0.1', port: await freePort() };
  const url = urlOf(cluster, address).reveal();

  const pid = async () => (await readPidFile(cluster.data))?.pid;
  const isRunning = async () => {
    const running = await pid();
    return running !== undefined && (await isServerOf(cluster.data, running));
  };
  const start = async () => {
    if (await isRunning()) return;
    // After a SIGKILL its sessions take some time to end, and a start before that fails.
    do await launch({ cluster, binaries, account, address });
    while (!(await isRunning()));
  };
  const end = async (signal: NodeJS.Signals) => {
    const running = await pid();
    if (running === undefined || !(await isServerOf(cluster.data, running))) return;
    process.kill(running, signal);
    while (await isServerOf(cluster.data, running)) await sleep(10);
  };
  await start();
  return {
    url,
    start,
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
    freeze: async () => {
      const postmaster = (await pid())!;
      // First, so that it starts no further child.
      await freeze(postmaster);
      return freeze(postmaster, ...(await childrenOf(postmaster)));
    },
    cutConnections: async () => {
      await query(
        // Two concurrent calls must not close each other's connection.
        `${url}&application_name=cuts`,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND application_name <> 'cuts'`,
      );
    },
    query: (text, values) => query(url, text, values),
    remove: async () => {
      await end('SIGINT');
      await rm(parent, { recursive: true, force: true });
    },
  };
}

/** Runs one statement on its own connection. */
export async function query<Row extends object>(
  connectionString: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** From `/proc`: the fourth field of `stat` is the parent; the second, in parentheses, may hold spaces. */
async function childrenOf(parent: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  const stats = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  return pids
    .filter(
      (_, i) => stats[i]!.slice(stats[i]!.lastIndexOf(')') + 2).split(' ')[1] === String(parent),
    )
    .map(Number);
}
