import cluster from 'node:cluster';
import { startApp, type App } from './app.ts';
import { startupMessage } from './cli/startup-message.ts';
import type { Config } from './config/load.ts';
import { createLogger } from './observability/logger.ts';
import { onReloadSignal, type Cause, type ExitCause } from './runtime/exit-cause.ts';
import { createProcessHeap, startIdleGc } from './runtime/heap.ts';
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
  const noticeMs = config.shutdownNoticeMs;
  void cause.then((why) => stop({ app, idleGc, exit, peers, noticeMs }, why));
  const isFirst = peers === undefined || peers.worker === 1;
  if (!config.production && isFirst) console.log(await startupMessage(config, app, clock.now));
}

/** How long a process that has closed everything may take to end by itself. */
const exitAfterMs = 2_000;

interface Running {
  readonly app: App;
  readonly idleGc: IntervalJob;
  readonly exit: ExitCause;
  readonly peers: PrimaryConnection | undefined;
  readonly noticeMs: number;
}

async function stop({ app, idleGc, exit, peers, noticeMs }: Running, cause: Cause): Promise<void> {
  app.log.info({ cause }, 'closing');
  await exit.stop();
  await idleGc.stop();
  // Only SIGTERM comes from an environment with a load balancer. After Ctrl-C a person waits for the end.
  await app.stop(cause === 'SIGTERM' ? noticeMs : 0);
  app.log.info('closed');
  peers?.close();
  // The client of a Redis Cluster that fails over meanwhile can keep the process alive.
  setTimeout(() => process.exit(), exitAfterMs).unref();
}
