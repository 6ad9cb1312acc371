import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Stops processes (SIGSTOP), and resolves to a function that continues them.
 *
 * `kill` returns before each thread of the process has stopped: on a busy machine a server could still
 * respond to the next request. So this waits until all threads have stopped, if `/proc` is available.
 */
export async function freeze(...pids: readonly number[]): Promise<() => void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  for (const pid of pids) {
    while (!(await isStopped(pid))) await sleep(1);
  }
  return () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  };
}

async function isStopped(pid: number): Promise<boolean> {
  const directory = `/proc/${pid}/task`;
  const threads = await readdir(directory).catch(() => []);
  const states = await Promise.all(threads.map((thread) => stateOf(`${directory}/${thread}/stat`)));
  return states.every((state) => 'TZX'.includes(state));
}

/** The letter after the name of the program, which itself may contain a parenthesis. */
async function stateOf(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '(gone) X');
  return text.slice(text.lastIndexOf(')') + 2)[0]!;
}
