import { startApp } from './app.ts';
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
  const app = await startApp(config, systemClock);
  const stop = (signal: NodeJS.Signals): void => {
    app.log.info({ signal }, 'closing');
    // The handler is gone, so a second signal ends the process at once.
    void app.stop().then(() => {
      app.log.info('closed');
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (!config.production) console.log(await welcome(config, app.addresses, systemClock.now));
}
