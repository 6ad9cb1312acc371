#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { withDotenv } from '../config/dotenv.ts';
import { run } from './run.ts';

// `usher channels | head` closes our output early, which is no fault.
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
// `serve` sets one itself when it cannot start, and goes on otherwise.
process.exitCode ||= exitCode;
