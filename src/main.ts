import { startApp } from './app.ts';
import { withDotenv } from './config/dotenv.ts';
import { ConfigurationError, loadConfig } from './config/load.ts';
import type { StartTimer } from './core/timer.ts';
import { welcome } from './welcome.ts';

try {
  await serve();
} catch (error) {
  console.error(reasonToStop(error));
  process.exitCode = 1;
}

async function serve(): Promise<void> {
  const config = loadConfig(withDotenv(process.env, '.env'));
  const app = await startApp(config, { now: Date.now, startTimer });
  const stop = (signal: NodeJS.Signals): void => {
    app.log.info({ signal }, 'closing');
    // The handler is gone, so a second signal ends the process at once.
    void app.stop().then(() => {
      app.log.info('closed');
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (!config.production) console.log(await welcome(config, app.addresses, Date.now));
}

const startTimer: StartTimer = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  return () => {
    clearTimeout(timer);
  };
};

/** A sentence for what the operator can mend, the stack for what only we can. */
function reasonToStop(error: unknown): string {
  if (error instanceof ConfigurationError) return error.message;
  return String(error instanceof Error ? error.stack : error);
}
