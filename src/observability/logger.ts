import { destination, pino, type Logger } from 'pino';
import type { Config } from '../config/load.ts';

/** Bytes that wait to be written at most: while nobody reads, memory would fill with them. */
const maxWaiting = 16 * 1024 * 1024;

/** Bytes that are written together, and milliseconds after which fewer are; a write for each line costs more than the line. */
const maxBatchBytes = 16 * 1024;
const flushIntervalMs = 50;

/**
 * Creates the log of this process, on standard output. Lines are written together,
 * and no decision waits for that. Ending writes what is left, but a SIGKILL does not.
 */
export function createLogger(level: Config['logLevel'], now: () => number): Logger {
  const output = destination({
    dest: 1,
    sync: false,
    maxLength: maxWaiting,
    minLength: maxBatchBytes,
    maxWrite: 4 * maxBatchBytes,
    periodicFlush: flushIntervalMs,
    // As texts, all that waits would be measured anew with each line: a copy of up to 64 KB, most of what Usher allocated.
    contentMode: 'buffer',
  });
  // Its types know of texts only.
  const write = (line: string) => void output.write(Buffer.from(line) as unknown as string);
  const log = pino({ level, base: null, timestamp: createTimestamp(now) }, { write });
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

/** The time of a line in ISO 8601, spelled once for all lines of a millisecond. */
function createTimestamp(now: () => number): () => string {
  let spelled = '';
  let of = NaN;
  return () => {
    const time = now();
    if (time !== of) spelled = `,"time":"${new Date(time).toISOString()}"`;
    of = time;
    return spelled;
  };
}
