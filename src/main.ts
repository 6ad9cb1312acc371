import cluster from 'node:cluster';
import { formatError } from './cli/format-error.ts';
import { withDotenv } from './config/dotenv.ts';
import { loadConfig } from './config/load.ts';
import { exitCodeFor, exitCodes } from './exit-codes.ts';
import { systemClock } from './runtime/clock.ts';
import { watchExitCause } from './runtime/exit-cause.ts';
import { limitHeap } from './runtime/heap.ts';
import { WorkerEnded } from './workers/supervisor.ts';

/** The words of `usher serve`. Any other would be a command, such as `check-config`, that is not run while a server starts. */
const ownArguments = ['serve', '--'];

try {
  if (checkArguments(process.argv.slice(2))) await main();
} catch (error) {
  // The worker has written its own error.
  if (!(error instanceof WorkerEnded)) console.error(formatError(error));
  process.exitCode = error instanceof WorkerEnded ? error.exitCode : exitCodeFor(error);
}

async function main(): Promise<void> {
  limitHeap();
  const config = loadConfig(withDotenv(process.env, '.env'));
  const exit = watchExitCause(systemClock.startTimer);
  if (config.workers > 1 && cluster.isPrimary) {
    // Loaded here, since the primary process needs little memory without the server.
    const { runPrimary } = await import('./primary.ts');
    await runPrimary(config, systemClock, exit);
    return;
  }
  const { serve } = await import('./serve.ts');
  await serve(config, systemClock, exit);
}

/** False for any other argument. Prints an error without the arguments, which may have a token. */
function checkArguments(args: readonly string[]): boolean {
  if (args.every((arg) => ownArguments.includes(arg))) return true;
  console.error(
    'error: main.js runs the service, and takes no arguments; run a command with cli/main.js beside it, such as node dist/cli/main.js check-config',
  );
  process.exitCode = exitCodes.usage;
  return false;
}
