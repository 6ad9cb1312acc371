import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Secret } from '../../runtime/secret.ts';
import { StartRefused } from '../../runtime/start-refused.ts';
import { setUpSession } from '../session.ts';
import { serverAccount } from './account.ts';
import { findBinaries } from './binaries.ts';
import type { Cluster } from './cluster.ts';
import { ensureCluster, removeLeftovers } from './cluster.ts';
import { chooseListenAddress, urlOf } from './listen-address.ts';
import type { ListenAddress, PidFile } from './pid-file.ts';
import { isServerOf, readPidFile, removeStale } from './pid-file.ts';
import {
  linkDatabase,
  reachableBinaries,
  reachableDirectory,
  defaultSharedDirectory,
} from './reachable-files.ts';
import type { LaunchOptions } from './server.ts';
import { launch } from './server.ts';

/**
 * The key of the advisory lock that one Usher holds until it exits. The server releases it with the connection, also
 * after a SIGKILL.
 */
const ownerLock = 1970497650;

/** Timeout of a start, a crash recovery and a stop, in milliseconds. */
const startTimeoutMs = 60_000;

/** Milliseconds between two attempts to restart the server. */
const minRetryMs = 250;
const maxRetryMs = 5_000;

/** SQLSTATE of a lock that was not acquired within `lock_timeout`. */
const lockNotAvailable = '55P03';

export interface EmbeddedPostgres {
  /**
   * The URL of the server, with its password. The login is a superuser: connect through `prepareDatabase` and
   * `createDatabase` only.
   */
  readonly url: Secret;
  /** Stops the server (fast shutdown of PostgreSQL) and resolves when its process has ended; rejects after a minute. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** The directory of the data, created if it is missing. */
  readonly dataDir: string;
  readonly log: { info(message: string): void; error(message: string): void };
  /** If Usher runs as root: the directory for files that the account of the server could not reach elsewhere. */
  readonly sharedDirectory?: string;
}

/** The server of this process, with the connection that holds the lock. */
interface RunningServer {
  readonly connection: Client;
  readonly pid: number;
  readonly address: ListenAddress;
}

/**
 * Starts a PostgreSQL server under `dataDir`, or connects to the server that a killed Usher left running. If the server
 * ends, that is logged and the server is started again. Throws `StartRefused`, for example if another Usher uses the
 * directory.
 */
export async function startEmbeddedPostgres({
  dataDir,
  log,
  sharedDirectory = defaultSharedDirectory,
}: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const account = await serverAccount();
  const reach = { account, sharedDirectory, log };
  const binaries = await reachableBinaries(findBinaries(), reach);
  const directory = await reachableDirectory(resolve(dataDir), reach);
  const cluster = await ensureCluster({ dataDir: directory, binaries, account });
  await linkDatabase(resolve(dataDir), cluster.home);
  const address = await chooseListenAddress(cluster.home);
  const first = await startOrConnect({ cluster, binaries, account, address });
  await removeLeftovers(directory);

  const stopping = new AbortController();
  let current = Promise.resolve(first);
  const watch = (running: RunningServer) => {
    running.connection.once('end', () => {
      if (stopping.signal.aborted) return;
      log.error(
        'The embedded PostgreSQL closed its connection; Usher starts it again if it has exited.',
      );
      current = restart(
        { cluster, binaries, account, address: running.address },
        stopping.signal,
        log,
      );
      current.then(
        (again) => {
          log.info('The embedded PostgreSQL is available again.');
          watch(again);
        },
        // `restart` rejects only when the server is being stopped.
        () => undefined,
      );
    });
  };
  watch(first);

  return {
    url: urlOf(cluster, first.address),
    stop: async () => {
      stopping.abort();
      // A failed restart was logged already, and there is no server to stop.
      const running = await current.catch(() => undefined);
      if (running !== undefined) await stopServer(cluster.data, running);
    },
  };
}

/**
 * Calls `startOrConnect` until it succeeds: for example, the operator may free space on a full disk. Rejects after a
 * stop.
 */
async function restart(
  options: LaunchOptions,
  stopping: AbortSignal,
  log: EmbeddedOptions['log'],
): Promise<RunningServer> {
  for (let wait = minRetryMs; ; wait = Math.min(wait * 2, maxRetryMs)) {
    try {
      return await startOrConnect(options);
    } catch (error) {
      log.error(`The embedded PostgreSQL could not be started; Usher retries: ${String(error)}`);
      await sleep(wait, undefined, { signal: stopping });
    }
  }
}

/** Connects to the server that runs on this cluster, or launches one, and acquires the lock. */
async function startOrConnect(options: LaunchOptions): Promise<RunningServer> {
  const { data } = options.cluster;
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    const file = await readPidFile(data);
    const running = file === undefined ? undefined : await connectToRunning(options.cluster, file);
    if (running !== undefined) return running;
    if (file !== undefined && (await isServerOf(data, file.pid))) {
      // The server is starting or stopping, so its state changes soon.
      await sleep(10);
      continue;
    }
    await removeStale(options.cluster);
    await launch(options);
  }
  throw new StartRefused('The embedded PostgreSQL did not accept connections within a minute.');
}

/**
 * Acquires the lock in the server of this pid file. Resolves to `undefined` if that server is not ready or is not the
 * one of this cluster.
 */
async function connectToRunning(
  cluster: Cluster,
  file: PidFile,
): Promise<RunningServer | undefined> {
  const ours = await isServerOf(cluster.data, file.pid);
  // The loopback port of a stale file may belong to another user's server, which would receive the password. Only this
  // server's account can create the socket.
  if (!file.ready || (!ours && file.address.host !== cluster.home)) return undefined;
  const connection = new Client({
    connectionString: urlOf(cluster, file.address).reveal(),
    connectionTimeoutMillis: 2_000,
    application_name: 'usher holder',
  });
  // An `error` event without a listener would end the process. The `end` event that follows is sufficient.
  connection.on('error', () => undefined);
  try {
    await connection.connect();
    // Waits up to a second: the session of an Usher that was just killed may not have ended yet.
    await setUpSession(connection, { settings: { lock_timeout: '1000' } });
    await connection.query('SELECT pg_advisory_lock($1)', [ownerLock]);
    if (ours) return { connection, pid: file.pid, address: file.address };
  } catch (error) {
    if ((error as { code?: unknown }).code !== lockNotAvailable) return undefined;
  }
  await connection.end();
  throw new StartRefused(
    'Another Usher uses this DATA_DIR; stop it, give this one a DATA_DIR of its own, or set DATABASE_URL for both.',
  );
}

/** Stops the server and keeps the lock until it has ended, so that no other start can connect to it meanwhile. */
async function stopServer(data: string, { connection, pid }: RunningServer): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  if (await isServerOf(data, pid)) process.kill(pid, 'SIGINT');
  while (await isServerOf(data, pid)) {
    if (performance.now() > deadline) throw new Error('The embedded PostgreSQL does not stop.');
    await sleep(10);
  }
  await connection.end().catch(() => undefined);
}
