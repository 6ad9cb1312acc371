import { destination, pino, type Logger } from 'pino';
import type { Config } from '../config/load.ts';

/** The limit for unwritten bytes: without a reader they would fill the memory. */
const maxWaiting = 16 * 1024 * 1024;

/** Lines are written in batches of this size or at this interval: a write per line costs more than the line. */
const maxBatchBytes = 16 * 1024;
const flushIntervalMs = 50;

/**
 * Logs to standard output, in batches, without blocking decisions. The last batch is written at exit, but not after
 * SIGKILL. Lines of a worker process have its number.
 */
export function createLogger(
  level: Config['logLevel'],
  now: () => number,
  worker?: number,
): Logger {
  const output = destination({
    dest: 1,
    sync: false,
    maxLength: maxWaiting,
    minLength: maxBatchBytes,
    maxWrite: 4 * maxBatchBytes,
    periodicFlush: flushIntervalMs,
    // With text, each line would copy the buffered text of up to 64 KB to measure it, most of the allocation of Usher.
    contentMode: 'buffer',
  });
  // The types accept only text.
  const write = (line: string) => void output.write(Buffer.from(line) as unknown as string);
  const log = pino(
    { level, base: worker === undefined ? null : { worker }, timestamp: createTimestamp(now) },
    { write },
  );
  let dropped = 0;
  output.on('drop', () => {
    dropped += 1;
  });
  output.on('drain', () => {
    if (dropped === 0) return;
    log.error({ dropped }, 'log lines were dropped');
    dropped = 0;
  });
  return log;
}

/** The time of a line in ISO 8601, formatted once per millisecond. */
function createTimestamp(now: () => number): () => string {
  let formatted = '';
  let formattedTime = NaN;
  return () => {
    const time = now();
    if (time !== formattedTime) formatted = `,"time":"${new Date(time).toISOString()}"`;
    formattedTime = time;
    return formatted;
  };
}
