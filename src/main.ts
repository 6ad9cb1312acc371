import { startApp } from './app.ts';
import { systemClock } from './clock.ts';
import { withDotenv } from './config/dotenv.ts';
import { ConfigurationError, loadConfig } from './config/load.ts';
import { Unavailable } from './core/unavailable.ts';
import { StartRefused } from './resources/start-refused.ts';
import { welcome } from './welcome.ts';

try {
  await serve();
} catch (error) {
  console.error(reasonToStop(error));
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

/** A sentence for what the operator can mend, the stack for what only we can. */
function reasonToStop(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof StartRefused) return error.message;
  if (error instanceof Unavailable) {
    const { message: why = '' } = error.cause instanceof Error ? error.cause : {};
    return `Usher cannot start: ${error.message} (${why}).`;
  }
  const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  if (code === 'EADDRINUSE') {
    return `Usher cannot start: port ${port ?? '?'} is taken. Stop what listens there, or set PORT and OPS_PORT.`;
  }
  return String(error instanceof Error ? error.stack : error);
}
