import { run } from '../../src/cli/run.ts';
import type { Environment } from '../../src/config/read.ts';

/** Runs a command line in this process, which takes milliseconds. Not for `serve`. */
export async function runInProcess(args: readonly string[], env: Environment = {}, input = '') {
  const written = { stdout: '', stderr: '' };
  const code = await run(args, {
    env: () => env,
    readInput: () => Promise.resolve(input),
    output: {
      writeOut: (text) => (written.stdout += text),
      writeErr: (text) => (written.stderr += text),
    },
  });
  return { code, ...written };
}
