import { createProgress } from '../../src/cli/progress.ts';
import { run } from '../../src/cli/run.ts';
import type { Environment } from '../../src/config/read.ts';

/** Runs a command line in this process, which takes milliseconds. Not for `serve`. */
export function runInProcess(args: readonly string[], env: Environment = {}, input = '') {
  return runCommandLine(args, { env, input, isTTY: false });
}

/** The same with standard error as a terminal, which receives all progress texts. */
export function runOnTerminal(args: readonly string[], env: Environment = {}) {
  return runCommandLine(args, { env, input: '', isTTY: true });
}

interface CommandLine {
  readonly env: Environment;
  readonly input: string;
  readonly isTTY: boolean;
}

async function runCommandLine(args: readonly string[], { env, input, isTTY }: CommandLine) {
  const written = { stdout: '', stderr: '' };
  const writeErr = (text: string) => (written.stderr += text);
  let now = 0;
  const code = await run(args, {
    env: () => env,
    readInput: () => Promise.resolve(input),
    progress: createProgress({ isTTY, write: writeErr }, () => (now += 1_000)),
    output: { writeOut: (text) => (written.stdout += text), writeErr },
  });
  return { code, ...written };
}
