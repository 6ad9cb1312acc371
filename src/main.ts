import { startApp, type App } from './app.ts';
import { sentenceFor } from './cli/format-error.ts';
import { welcome } from './cli/welcome.ts';
import { withDotenv } from './config/dotenv.ts';
import { loadConfig } from './config/load.ts';
import { exitCodeFor } from './exit-codes.ts';
import { createLog } from './observability/logger.ts';
import { systemClock } from './runtime/clock.ts';
import { boundHeap, createProcessHeap } from './runtime/heap.ts';
import { startGivingBack } from './runtime/idle-gc.ts';
import type { Repeating } from './runtime/interval-job.ts';
import { watchNpm } from './runtime/npm-parent.ts';

/** Milliseconds within which a further signal counts as the first one: after Ctrl-C the terminal and npm both send one. */
const sameSignal = 1_000;

const ending = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

try {
  await serve();
} catch (error) {
  console.error(sentenceFor(error));
  process.exitCode = exitCodeFor(error);
}

async function serve(): Promise<void> {
  boundHeap();
  const config = loadConfig(withDotenv(process.env, '.env'));
  // Before anything is started: process 1 of a container does not end by a signal that nobody handles.
  const { cause, watching } = firstCause();
  const starting = new AbortController();
  void cause.then(() => {
    starting.abort();
  });
  let app: App;
  try {
    app = await startApp(config, systemClock, starting.signal);
  } catch (error) {
    await watching.stop();
    if (!starting.signal.aborted) throw error;
    // What had been started is closed, as the signal asks.
    createLog(config.logLevel, systemClock.now).info({ cause: await cause }, 'closed');
    return;
  }
  const givingBack = startGivingBack(createProcessHeap(), systemClock.startTimer);
  void cause.then((why) => stop({ app, givingBack, watching }, why));
  if (!config.production) console.log(await welcome(config, app.addresses, systemClock.now));
}

/** Why Usher is to end: a signal, or the end of the npm that runs it. */
type Cause = NodeJS.Signals | 'npm ended';

/** Resolves with the first cause; a signal that comes later ends the process at once. SIGHUP is a terminal that was closed. */
function firstCause(): { readonly cause: Promise<Cause>; readonly watching: Repeating } {
  let end: (cause: Cause) => void = () => undefined;
  const cause = new Promise<Cause>((resolve) => (end = resolve));
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    firstAt ??= performance.now();
    end(signal);
    if (performance.now() - firstAt < sameSignal) return;
    for (const each of ending) process.off(each, onSignal);
    process.kill(process.pid, signal);
  };
  for (const signal of ending) process.on(signal, onSignal);
  const watching = watchNpm(process, systemClock.startTimer, () => {
    end('npm ended');
  });
  return { cause, watching };
}

interface Running {
  readonly app: App;
  readonly givingBack: Repeating;
  readonly watching: Repeating;
}

async function stop({ app, givingBack, watching }: Running, cause: Cause): Promise<void> {
  app.log.info({ cause }, 'closing');
  await watching.stop();
  await givingBack.stop();
  await app.stop();
  app.log.info('closed');
}
