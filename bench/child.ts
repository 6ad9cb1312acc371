import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Cleanup } from './cleanup.ts';

const typescript = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** The system closes our end of the pipe even when we are killed, so that no child outlives us. */
const endWithParent = `data:text/javascript,${encodeURIComponent(
  "process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume().unref();",
)}`;

/** What to start, and how. */
export interface ChildOptions {
  /** A path, relative to the project's root: a built file, or TypeScript that is run as it is. */
  readonly script: string;
  /** What stands before the command, such as `taskset -c 0`. */
  readonly prefix?: readonly string[];
  /** The whole environment but for `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** A working directory without a `.env`. */
  readonly cwd: string;
  /** File that its output goes to; without one it is ours. */
  readonly output?: number;
}

/** A process of this run. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly isRunning: () => boolean;
  /** Resolves when it is gone. */
  readonly ended: Promise<void>;
  /** Ends it, gently by default, and resolves when it is gone. */
  readonly end: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts a Node process that ends with the run, with a channel for messages. Throws when it cannot be started. */
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
