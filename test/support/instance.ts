import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts';
import { withClient } from './database.ts';
import { freeze } from './freeze.ts';

/** A directory for a server of a test's own, removed when the test is over. */
export async function makeDataDir(): Promise<{
  readonly dataDir: string;
  readonly remove: () => Promise<void>;
}> {
  const parent = await mkdtemp(join(inject('runDirectory'), 'instance-'));
  // As root, the server runs as another user, which needs access to its parent directory.
  await chmod(parent, 0o711);
  return {
    dataDir: join(parent, 'data'),
    remove: () => rm(parent, { recursive: true, force: true }),
  };
}

/** A log that keeps its lines. */
export function makeLog() {
  const lines: string[] = [];
  const keep = (message: string) => {
    lines.push(message);
  };
  return { lines, info: keep, error: keep };
}

/** The process id of the server on this directory. */
export async function serverPid(dataDir: string): Promise<number> {
  const file = await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  return Number(file.split('\n')[0]);
}

/** A server of a test's own, which may be frozen, killed and stopped. */
export async function startInstance(): Promise<Instance> {
  const { dataDir, remove } = await makeDataDir();
  const log = makeLog();
  const server = await startEmbeddedPostgres({ dataDir, log });
  let running = server;
  return {
    server,
    dataDir,
    log,
    freeze: async () => {
      const sessions = await withClient(server.url, (admin) =>
        admin.query<{ pid: number }>(
          'SELECT pid FROM pg_stat_activity WHERE client_port IS NOT NULL AND pid <> pg_backend_pid()',
        ),
      );
      // Each session has its own process; the postmaster accepts new ones.
      const pids = [await serverPid(dataDir), ...sessions.rows.map(({ pid }) => pid)];
      return freeze(...pids);
    },
    stop: () => running.stop(),
    restart: async () => (running = await startEmbeddedPostgres({ dataDir, log })),
    close: async () => {
      await running.stop();
      await remove();
    },
  };
}

export interface Instance {
  readonly server: EmbeddedPostgres;
  readonly dataDir: string;
  readonly log: ReturnType<typeof makeLog>;
  /** Stops the server's processes (SIGSTOP); resolves to a function that continues them. */
  freeze(): Promise<() => void>;
  stop(): Promise<void>;
  /** After `stop`. */
  restart(): Promise<EmbeddedPostgres>;
  close(): Promise<void>;
}
