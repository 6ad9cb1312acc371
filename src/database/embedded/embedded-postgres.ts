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

/** Held by one Usher for as long as it lives; the server drops it with the connection, also after a SIGKILL. */
const ownerLock = 1970497650;

/** Milliseconds: a server that recovers from a crash, or that is being stopped, gets this long. */
const startTimeoutMs = 60_000;

/** Milliseconds between two attempts to start a server that stays away. */
const minRetryMs = 250;
const maxRetryMs = 5_000;

/** SQLSTATE of a lock that was not to be had within `lock_timeout`. */
const lockNotAvailable = '55P03';

export interface EmbeddedPostgres {
  /** Where the server is, with its password. Its login is a superuser: connect through `prepareDatabase` and `createDatabase`. */
  readonly url: Secret;
  /** Stops the server (PostgreSQL's fast shutdown) and resolves when it is gone; rejects when it does not go within a minute. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Where the data lives; created when missing. */
  readonly dataDir: string;
  readonly log: { info(message: string): void; error(message: string): void };
  /** As root, what the server's account cannot reach is put here. */
  readonly sharedDirectory?: string;
}

/** The server that we hold, by a connection that has the lock. */
interface RunningServer {
  readonly connection: Client;
  readonly pid: number;
  readonly address: ListenAddress;
}

/**
 * Starts a PostgreSQL server of our own under `dataDir`, or takes over the one that an Usher which was killed left running.
 * When the server dies while we run, that is logged and it is started again. Throws `StartRefused`, for one, when another
 * Usher uses the directory.
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
        'The embedded PostgreSQL closed its connection; it is started again if it is gone.',
      );
      current = restart(
        { cluster, binaries, account, address: running.address },
        stopping.signal,
        log,
      );
      current.then(
        (again) => {
          log.info('The embedded PostgreSQL is held again.');
          watch(again);
        },
        // We are stopping.
        () => undefined,
      );
    });
  };
  watch(first);

  return {
    url: urlOf(cluster, first.address),
    stop: async () => {
      stopping.abort();
      // A server that stays away was logged, and needs no stopping.
      const running = await current.catch(() => undefined);
      if (running !== undefined) await stopServer(cluster.data, running);
    },
  };
}

/** As `hold`, until it succeeds: a full disk, for one, is mended while we run. Rejects once we are stopping. */
async function restart(
  options: LaunchOptions,
  stopping: AbortSignal,
  log: EmbeddedOptions['log'],
): Promise<RunningServer> {
  for (let wait = minRetryMs; ; wait = Math.min(wait * 2, maxRetryMs)) {
    try {
      return await startOrConnect(options);
    } catch (error) {
      log.error(`The embedded PostgreSQL stays away: ${String(error)}`);
      await sleep(wait, undefined, { signal: stopping });
    }
  }
}

/** Finds the server that runs on this cluster, or launches one, and takes the lock in it. */
async function startOrConnect(options: LaunchOptions): Promise<RunningServer> {
  const { data } = options.cluster;
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline) {
    const file = await readPidFile(data);
    const running = file === undefined ? undefined : await connectToRunning(options.cluster, file);
    if (running !== undefined) return running;
    if (file !== undefined && (await isServerOf(data, file.pid))) {
      // It is starting or stopping; either comes to an end.
      await sleep(10);
      continue;
    }
    await removeStale(options.cluster);
    await launch(options);
  }
  throw new StartRefused('The embedded PostgreSQL did not take connections within a minute.');
}

/** Takes the lock in the server of this pid file; `undefined` when no server of ours answers there now. */
async function connectToRunning(
  cluster: Cluster,
  file: PidFile,
): Promise<RunningServer | undefined> {
  const ours = await isServerOf(cluster.data, file.pid);
  // A stale file's loopback port may be anybody's by now, who would then be shown our password; the socket is ours alone.
  if (!file.ready || (!ours && file.address.host !== cluster.home)) return undefined;
  const connection = new Client({
    connectionString: urlOf(cluster, file.address).reveal(),
    connectionTimeoutMillis: 2_000,
    application_name: 'usher holder',
  });
  // An 'error' event without a listener would end the process; the 'end' event that follows is enough.
  connection.on('error', () => undefined);
  try {
    await connection.connect();
    // Waits a second: the session of an Usher that was killed a moment ago may not have ended yet.
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

/** Stops the server while the lock is held, so that no other start can take it over in the meantime. */
async function stopServer(data: string, { connection, pid }: RunningServer): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  if (await isServerOf(data, pid)) process.kill(pid, 'SIGINT');
  while (await isServerOf(data, pid)) {
    if (performance.now() > deadline) throw new Error('The embedded PostgreSQL does not stop.');
    await sleep(10);
  }
  await connection.end().catch(() => undefined);
}
