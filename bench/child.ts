import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Cleanup } from './cleanup.ts';

const typescript = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Ends a child when its stdin closes. The kernel closes the pipe even if this process is killed, so no child outlives it. */
const endWithParent = `data:text/javascript,${encodeURIComponent(
  "process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume().unref();",
)}`;

export interface ChildOptions {
  /** A path relative to the project root: a built file, or a TypeScript file, which runs with tsx. */
  readonly script: string;
  /** Arguments before the command, such as `taskset -c 0`. */
  readonly prefix?: readonly string[];
  /** All environment variables except `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** A working directory without a `.env` file. */
  readonly cwd: string;
  /** File descriptor of stdout and stderr. By default both are inherited. */
  readonly output?: number;
}

/** A running child process. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly isRunning: () => boolean;
  /** Resolves when the process has exited. */
  readonly ended: Promise<void>;
  /** Sends a signal, SIGTERM by default. Resolves when the process has exited. */
  readonly end: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts a Node process with an IPC channel. `cleanup` ends it. Throws if it cannot be started. */
export function startChild(cleanup: Cleanup, options: ChildOptions): Child {
  const { script, prefix = [], env = {}, cwd, output = 'inherit' } = options;
  const path = resolve(fileURLToPath(new URL('..', import.meta.url)), script);
  const loader = script.endsWith('.ts') ? ['--import', typescript] : [];
  const [command = '', ...args] = [
    ...prefix,
    process.execPath,
    ...['--import', endWithParent, ...loader, path],
  ];
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', output, output, 'ipc'],
  });
  if (child.pid === undefined) throw new Error(`Could not start ${script}`);
  const ended = once(child, 'exit').then(() => undefined);
  const end = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    await ended;
  };
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  cleanup.add(async () => {
    if (isRunning()) await end();
  });
  return { process: child, pid: child.pid, isRunning, ended, end };
}
