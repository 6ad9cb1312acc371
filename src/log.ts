import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import type { Config } from './config/load.ts';

/** Characters that wait to be written at most: while nobody reads, memory would fill with them. */
const mostWaiting = 16 * 1024 * 1024;

/** Characters that are written together, and milliseconds after which fewer are; a write for each line costs more than the line. */
const together = 16 * 1024;
const patience = 50;

/**
 * Creates the log of this process, on standard output. Lines are written together,
 * and no decision waits for that. Ending writes what is left, but a SIGKILL does not.
 */
export function createLog(level: Config['logLevel']): Logger {
  const output = destination({
    dest: 1,
    sync: false,
    maxLength: mostWaiting,
    minLength: together,
    maxWrite: 4 * together,
    periodicFlush: patience,
  });
  const log = pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, output);
  let dropped = 0;
  output.on('drop', () => {
    dropped += 1;
  });
  output.on('drain', () => {
    if (dropped === 0) return;
    log.error({ dropped }, 'lines of the log were dropped');
    dropped = 0;
  });
  return log;
}
