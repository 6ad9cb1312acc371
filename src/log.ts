import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import type { Config } from './config/load.ts';

/** Characters that wait to be written at most: while nobody reads, memory would fill with them. */
const mostWaiting = 16 * 1024 * 1024;

/**
 * Creates the log of this process, on standard output. Lines that come while others are being written are written
 * together after them, so that no decision waits for a reader. Ending writes what is left, but a SIGKILL does not.
 */
export function createLog(level: Config['logLevel']): Logger {
  const output = destination({ dest: 1, sync: false, maxLength: mostWaiting });
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
