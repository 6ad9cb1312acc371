#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { withDotenv } from '../config/dotenv.ts';
import { run } from './run.ts';

// `usher channels | head` closes standard output early, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const exitCode = await run(process.argv.slice(2), {
  env: () => withDotenv(process.env, '.env'),
  readInput: () => text(process.stdin),
  output: {
    writeOut: (printed) => void process.stdout.write(printed),
    writeErr: (printed) => void process.stderr.write(printed),
  },
});
// `serve` sets an exit code itself if it cannot start. Otherwise it continues to run.
process.exitCode ||= exitCode;
