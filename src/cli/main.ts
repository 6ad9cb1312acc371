#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { withDotenv } from '../config/dotenv.ts';
import { systemClock } from '../runtime/clock.ts';
import { createProgress } from './progress.ts';

// `usher channels | head` closes standard output early, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const args = process.argv.slice(2);
// The service does not load the parser and the other commands.
if (args.length === 1 && args[0] === 'serve') await import('../main.ts');
else await runCommand();

async function runCommand(): Promise<void> {
  const { run } = await import('./run.ts');
  const { stderr } = process;
  const exitCode = await run(args, {
    progress: createProgress(
      { isTTY: stderr.isTTY, columns: stderr.columns, write: (text) => stderr.write(text) },
      systemClock.now,
    ),
    env: () => withDotenv(process.env, '.env'),
    readInput: () => text(process.stdin),
    output: {
      writeOut: (printed) => void process.stdout.write(printed),
      writeErr: (printed) => void process.stderr.write(printed),
    },
  });
  // `serve` sets an exit code itself if it cannot start. Otherwise it continues to run.
  process.exitCode ||= exitCode;
}
