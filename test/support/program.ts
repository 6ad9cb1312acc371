import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/config/read.ts';
import { transpiled } from './transpiled.ts';

/** The system closes our end of the pipe even when the runner is killed, so that no child outlives it. */
const endWithRunner = `data:text/javascript,${encodeURIComponent(
  "process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume().unref();",
)}`;

const asTerminal = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process.stdout, 'isTTY', { value: true });",
)}`;

/** Options of a program. */
export interface ProgramOptions {
  readonly args?: readonly string[];
  /** All environment variables except `PATH`: none of the runner's are inherited. */
  readonly env?: Environment;
  /** Its working directory; by default a new and empty one, so that it finds no `.env`. */
  readonly cwd?: string;
  /** The whole of its standard input, for a program that reads it; such a one must end by itself. */
  readonly input?: string;
  /** Whether it treats its standard output as a terminal, although that is a pipe. */
  readonly inTerminal?: boolean;
}

/** A running program of ours. */
export interface Program {
  /** Its output so far, standard output and standard error. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when its standard output contains the text; rejects if it exits without it. */
  readonly until: (text: string) => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves when the program has exited and all its output has arrived: to its exit code, or `null` after a signal. */
  readonly ended: Promise<number | null>;
}

/** Starts a program in its own process. */
export async function startProgram(
  source: 'src/main.ts' | 'src/cli/main.ts',
  { args = [], env = {}, cwd, input, inTerminal = false }: ProgramOptions = {},
): Promise<Program> {
  const empty = cwd === undefined ? await mkdtemp(join(tmpdir(), 'usher-program-')) : undefined;
  const script = join(await transpiled(), source.replace('src/', '').replace('.ts', '.js'));
  const child = spawn(
    process.execPath,
    [
      ...(input === undefined ? ['--import', endWithRunner] : []),
      ...(inTerminal ? ['--import', asTerminal] : []),
      ...[script, ...args],
    ],
    { cwd: cwd ?? empty, env: { PATH: process.env['PATH'], ...env }, stdio: 'pipe' },
  );
  if (input !== undefined) child.stdin.end(input);
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return () => Buffer.concat(chunks).toString();
  }) as [() => string, () => string];
  const ended = once(child, 'close').then(async ([code]) => {
    if (empty !== undefined) await rm(empty, { recursive: true, force: true });
    return code as number | null;
  });
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stdout().includes(text)) resolve();
      };
      child.stdout.on('data', look);
      look();
      void ended.then(() => {
        reject(new Error(`It ended without ${text}:\n${stdout()}${stderr()}`));
      });
    });
  return { stdout, stderr, until, ended, signal: (signal) => void child.kill(signal) };
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  options: Omit<ProgramOptions, 'args'> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const program = await startProgram('src/cli/main.ts', { ...options, args });
  const code = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** The lines of a log, parsed. */
export function logLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
