import cluster from 'node:cluster';
import type { Config } from './config/load.ts';
import { startEmbeddedPostgres } from './database/embedded/embedded-postgres.ts';
import { createLogger } from './observability/logger.ts';
import { createMemoryDeduplicate } from './pusher/webhooks/deduplicate.ts';
import { createMemoryLimits } from './rate-limit/memory-limits.ts';
import { runAllSteps } from './runtime/run-all-steps.ts';
import type { Clock } from './runtime/timer.ts';
import { onReloadSignal, type ExitCause } from './runtime/exit-cause.ts';
import { workerVariable } from './workers/connect-to-primary.ts';
import { deduplicateHandlers } from './workers/primary-deduplicate.ts';
import { limitHandlers } from './workers/primary-limits.ts';
import { startSupervisor, type Supervisor } from './workers/supervisor.ts';

/** A primary process with its workers. */
interface Primary {
  readonly signal: Supervisor['signal'];
  /** Drains the workers and waits for them, and then stops the embedded database. */
  readonly stop: () => Promise<void>;
}

/**
 * Starts the workers. The primary process has what they share: the embedded database, the limits without Redis, and the keys of
 * received webhooks. Throws `WorkerEnded` if a worker cannot start, with nothing left running.
 */
async function startPrimary(
  config: Config,
  clock: Clock,
  aborted: Promise<unknown>,
): Promise<Primary> {
  const { now } = clock;
  const log = createLogger(config.logLevel, now);
  const { database } = config;
  const embedded =
    'dataDir' in database
      ? await startEmbeddedPostgres({ dataDir: database.dataDir, log })
      : undefined;
  const url = embedded && { DATABASE_URL: embedded.url.reveal() };
  const handlers = new Map([
    ...Object.entries(limitHandlers(createMemoryLimits(now))),
    ...Object.entries(deduplicateHandlers(createMemoryDeduplicate(now))),
  ]);
  const supervisor = startSupervisor({
    ...clock,
    count: config.workers,
    handlers,
    log,
    fork: (number) => cluster.fork({ ...url, [workerVariable]: String(number) }),
  });
  const stop = () => runAllSteps([supervisor.stop, () => embedded?.stop()]);
  try {
    await Promise.race([supervisor.ready, aborted]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { signal: supervisor.signal, stop };
}

/** Runs the primary process until there is a reason to exit. */
export async function runPrimary(config: Config, clock: Clock, exit: ExitCause): Promise<void> {
  let primary: Primary | undefined;
  onReloadSignal(() => primary?.signal('SIGHUP'));
  try {
    primary = await startPrimary(config, clock, exit.cause);
    await exit.cause;
  } finally {
    await exit.stop();
    await primary?.stop();
  }
}
