import cluster from 'node:cluster';
import { formatError } from './cli/format-error.ts';
import { withDotenv } from './config/dotenv.ts';
import { loadConfig } from './config/load.ts';
import { exitCodeFor } from './exit-codes.ts';
import { systemClock } from './runtime/clock.ts';
import { watchExitCause } from './runtime/exit-cause.ts';
import { limitHeap } from './runtime/heap.ts';
import { WorkerEnded } from './workers/supervisor.ts';

try {
  await main();
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
    const { runPrimary } = await import('./composition/primary.ts');
    await runPrimary(config, systemClock, exit);
    return;
  }
  const { serve } = await import('./serve.ts');
  await serve(config, systemClock, exit);
}
