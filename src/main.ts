import { startApp, type App } from './app.ts';
import { formatError } from './cli/format-error.ts';
import { startupMessage } from './cli/startup-message.ts';
import { withDotenv } from './config/dotenv.ts';
import { loadConfig } from './config/load.ts';
import { exitCodeFor } from './exit-codes.ts';
import { createLogger } from './observability/logger.ts';
import { systemClock } from './runtime/clock.ts';
import { limitHeap, createProcessHeap } from './runtime/heap.ts';
import { startIdleGc } from './runtime/idle-gc.ts';
import type { IntervalJob } from './runtime/interval-job.ts';
import { watchNpmParent } from './runtime/npm-parent.ts';

/** Signals within this time count as one: after Ctrl-C the terminal and npm both send one. */
const sameSignalMs = 1_000;

/** A terminal sends SIGHUP when it is closed. Without a terminal, SIGHUP reloads the policy, as in other services. */
const isInTerminal = process.stdout.isTTY;

const exitSignals: readonly NodeJS.Signals[] = [
  ...(['SIGTERM', 'SIGINT'] as const),
  ...(isInTerminal ? (['SIGHUP'] as const) : []),
];

try {
  await serve();
} catch (error) {
  console.error(formatError(error));
  process.exitCode = exitCodeFor(error);
}

async function serve(): Promise<void> {
  limitHeap();
  const config = loadConfig(withDotenv(process.env, '.env'));
  // Before anything is started: process 1 of a container ignores signals without a handler.
  const { cause, watching: parentWatch } = firstExitCause();
  const starting = new AbortController();
  void cause.then(() => {
    starting.abort();
  });
  let app: App | undefined;
  // Before the start: without a handler SIGHUP would end the process.
  if (!isInTerminal) {
    process.on('SIGHUP', () => {
      void app?.reloadPolicy();
      void app?.reloadSecrets();
    });
  }
  try {
    app = await startApp(config, systemClock, starting.signal);
  } catch (error) {
    await parentWatch.stop();
    if (!starting.signal.aborted) throw error;
    createLogger(config.logLevel, systemClock.now).info({ cause: await cause }, 'closed');
    return;
  }
  const idleGc = startIdleGc(createProcessHeap(), systemClock.startTimer);
  void cause.then((why) => stop({ app, idleGc, parentWatch }, why));
  if (!config.production) console.log(await startupMessage(config, app, systemClock.now));
}

/** The reason to exit: a signal, or the end of the parent npm. */
type Cause = NodeJS.Signals | 'npm ended';

/** Resolves with the first cause; a later signal ends the process at once. */
function firstExitCause(): { readonly cause: Promise<Cause>; readonly watching: IntervalJob } {
  let end: (cause: Cause) => void = () => undefined;
  const cause = new Promise<Cause>((resolve) => (end = resolve));
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    firstAt ??= performance.now();
    end(signal);
    if (performance.now() - firstAt < sameSignalMs) return;
    for (const each of exitSignals) process.off(each, onSignal);
    process.kill(process.pid, signal);
  };
  for (const signal of exitSignals) process.on(signal, onSignal);
  const watching = watchNpmParent(process, systemClock.startTimer, () => {
    end('npm ended');
  });
  return { cause, watching };
}

interface Running {
  readonly app: App;
  readonly idleGc: IntervalJob;
  readonly parentWatch: IntervalJob;
}

async function stop({ app, idleGc, parentWatch }: Running, cause: Cause): Promise<void> {
  app.log.info({ cause }, 'closing');
  await parentWatch.stop();
  await idleGc.stop();
  await app.stop();
  app.log.info('closed');
}
