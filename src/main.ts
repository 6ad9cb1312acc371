import { startApp, type App } from './app.ts';
import { systemClock } from './clock.ts';
import { withDotenv } from './config/dotenv.ts';
import { loadConfig } from './config/load.ts';
import { exitCodeFor } from './exit-codes.ts';
import { startGivingBack } from './giving-back.ts';
import { boundHeap, createProcessHeap } from './heap.ts';
import type { Repeating } from './repeating.ts';
import { sentenceFor } from './sentence.ts';
import { welcome } from './welcome.ts';

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
  const signalled = firstSignal();
  const app = await startApp(config, systemClock);
  const givingBack = startGivingBack(createProcessHeap(), systemClock.startTimer);
  void signalled.then((signal) => stop({ app, givingBack }, signal));
  if (!config.production) console.log(await welcome(config, app.addresses, systemClock.now));
}

/** Resolves with the first of these signals; its handler is gone then, so a second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

interface Running {
  readonly app: App;
  readonly givingBack: Repeating;
}

async function stop({ app, givingBack }: Running, signal: NodeJS.Signals): Promise<void> {
  app.log.info({ signal }, 'closing');
  await givingBack.stop();
  await app.stop();
  app.log.info('closed');
}
