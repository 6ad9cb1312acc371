import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Which processor works for whom. */
export interface Pinning {
  /** For the output. */
  readonly about: string;
  /** What stands before a server's command, and before the client's. */
  readonly server: readonly string[];
  readonly client: readonly string[];
  /** Moves processes of the database to the client's side; those that are gone or not ours stay where they are. */
  readonly moveAside: (pids: readonly number[]) => Promise<void>;
}

/** Every process may use every core. */
export const unpinned: Pinning = {
  about: 'nothing is pinned',
  server: [],
  client: [],
  moveAside: () => Promise.resolve(),
};

/** Gives the server core 0 and everybody else the other cores, where `taskset` is at hand. */
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
    about: `taskset: the server on core 0; the client and the database's sessions on core ${others}`,
    server: ['taskset', '-c', '0'],
    client: ['taskset', '-c', others],
    moveAside: async (pids) => {
      const moves = pids.map((pid) => run('taskset', ['-cp', others, String(pid)]));
      await Promise.allSettled(moves);
    },
  };
}
