import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { within } from './within.ts';

/** Options of a Node program. */
export interface ChildOptions {
  readonly node: string;
  /** The script and its arguments. */
  readonly args: readonly string[];
  readonly cwd: string;
  /** The complete environment: no variable of the test runner is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** The signal that the child sends to itself when the runner has exited. */
  readonly signalAfterRunner: 'SIGTERM' | 'SIGKILL';
}

/** A running Node program. */
export interface Child {
  readonly pid: number;
  /** Everything it has written so far, to either stream. */
  readonly output: () => string;
  /** True once the process has ended. */
  readonly ended: () => boolean;
  /** Sends a signal (`SIGTERM`), then waits for the end and the last of the output; after 20 s it kills and throws. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/**
 * Starts a Node program that never outlives the test runner: its standard input is a pipe that the system closes even if the
 * runner is killed, and the program then exits.
 */
export function startChild({ node, args, cwd, env, signalAfterRunner }: ChildOptions): Child {
  const endWithRunner = `process.stdin.on('end', () => process.kill(process.pid, '${signalAfterRunner}')).resume().unref();`;
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(endWithRunner)}`];
  const child = spawn(node, [...preload, ...args], { cwd, env, stdio: 'pipe' });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Writing to a program that has exited must not fail a later test.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  const output = () => Buffer.concat(chunks).toString();
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  if (child.pid === undefined) throw new Error(`Cannot start ${node}`);
  return {
    pid: child.pid,
    output,
    ended,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      try {
        await within(20_000, closed, () => `${args.join(' ')} did not end. Output:\n${output()}`);
      } finally {
        child.kill('SIGKILL');
      }
    },
  };
}
