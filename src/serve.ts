import cluster from 'node:cluster';
import { startApp, type App } from './app.ts';
import { startupMessage } from './cli/startup-message.ts';
import type { Config } from './config/load.ts';
import { createLogger } from './observability/logger.ts';
import { onReloadSignal, type Cause, type ExitCause } from './runtime/exit-cause.ts';
import { createProcessHeap } from './runtime/heap.ts';
import { startIdleGc } from './runtime/idle-gc.ts';
import type { IntervalJob } from './runtime/interval-job.ts';
import type { Clock } from './runtime/timer.ts';
import { connectToPrimary, type PrimaryConnection } from './workers/connect-to-primary.ts';

/** Serves requests until there is a reason to exit: the only process of Usher, or one of its workers. */
export async function serve(config: Config, clock: Clock, exit: ExitCause): Promise<void> {
  const { cause } = exit;
  const peers = cluster.isWorker
    ? connectToPrimary(process, clock, () => {
        exit.end('primary process ended');
      })
    : undefined;
  const starting = new AbortController();
  void cause.then(() => {
    starting.abort();
  });
  let app: App | undefined;
  onReloadSignal(() => {
    void app?.reloadPolicy();
    void app?.reloadSecrets();
  });
  try {
    app = await startApp(config, clock, { signal: starting.signal, peers });
  } catch (error) {
    await exit.stop();
    peers?.close();
    if (!starting.signal.aborted) throw error;
    createLogger(config.logLevel, clock.now).info({ cause: await cause }, 'closed');
    return;
  }
  await peers?.reportReady();
  const idleGc = startIdleGc(createProcessHeap(), clock.startTimer);
  void cause.then((why) => stop({ app, idleGc, exit, peers }, why));
  const isFirst = peers === undefined || peers.worker === 1;
  if (!config.production && isFirst) console.log(await startupMessage(config, app, clock.now));
}

interface Running {
  readonly app: App;
  readonly idleGc: IntervalJob;
  readonly exit: ExitCause;
  readonly peers: PrimaryConnection | undefined;
}

async function stop({ app, idleGc, exit, peers }: Running, cause: Cause): Promise<void> {
  app.log.info({ cause }, 'closing');
  await exit.stop();
  await idleGc.stop();
  await app.stop();
  app.log.info('closed');
  peers?.close();
}
