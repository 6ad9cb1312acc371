import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Assignment of processes to processor cores. */
export interface Pinning {
  /** Description for the output. */
  readonly description: string;
  /** Arguments before the command of a server and of the client. */
  readonly server: readonly string[];
  readonly client: readonly string[];
  /** Moves database processes to the cores of the client. Ignores processes that have exited or belong to another user. */
  readonly moveAside: (pids: readonly number[]) => Promise<void>;
}

/** Every process may use every core. */
export const unpinned: Pinning = {
  description: 'no process is pinned',
  server: [],
  client: [],
  moveAside: () => Promise.resolve(),
};

/** Pins the server to core 0 and the other processes to the other cores, if `taskset` is available. */
export async function choosePinning(): Promise<Pinning> {
  const cores = availableParallelism();
  const others = cores > 2 ? `1-${cores - 1}` : '1';
  try {
    await run('taskset', ['-c', others, 'true']);
    await run('taskset', ['-c', '0', 'true']);
  } catch {
    return unpinned;
  }
  return {
    description: `taskset: server on core 0; client and database sessions on core ${others}`,
    server: ['taskset', '-c', '0'],
    client: ['taskset', '-c', others],
    moveAside: async (pids) => {
      const moves = pids.map((pid) => run('taskset', ['-cp', others, String(pid)]));
      await Promise.allSettled(moves);
    },
  };
}
