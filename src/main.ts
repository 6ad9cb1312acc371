import { startApp, type App } from './app.ts';
import { systemClock } from './clock.ts';
import { withDotenv } from './config/dotenv.ts';
import { loadConfig } from './config/load.ts';
import { sentenceFor } from './sentence.ts';
import { welcome } from './welcome.ts';

try {
  await serve();
} catch (error) {
  console.error(sentenceFor(error));
  process.exitCode = 1;
}

async function serve(): Promise<void> {
  const config = loadConfig(withDotenv(process.env, '.env'));
  // Before anything is started: process 1 of a container does not end by a signal that nobody handles.
  const signalled = firstSignal();
  const app = await startApp(config, systemClock);
  void signalled.then((signal) => stop(app, signal));
  if (!config.production) console.log(await welcome(config, app.addresses, systemClock.now));
}

/** Resolves with the first of these signals; its handler is gone then, so a second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}

async function stop(app: App, signal: NodeJS.Signals): Promise<void> {
  app.log.info({ signal }, 'closing');
  await app.stop();
  app.log.info('closed');
}
