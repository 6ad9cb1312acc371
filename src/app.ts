import type { Logger } from 'pino';
import { buildDeps } from './composition/deps.ts';
import { listenForChanges } from './composition/change-listener.ts';
import { buildServers, type Servers } from './composition/servers.ts';
import { openStorage } from './composition/storage.ts';
import { buildStores } from './composition/stores.ts';
import { watchStorage } from './composition/watch-dependencies.ts';
import { createDependencies } from './observability/dependencies.ts';
import { channelRegistry } from './policy/channels/index.ts';
import type { Config } from './config/load.ts';
import { summarize } from './config/summary.ts';
import type { Clock } from './runtime/timer.ts';
import type { Tracing } from './observability/tracing/tracer.ts';
import { putDemo } from './facts/demo-facts.ts';
import { createOpenConnections } from './websocket/open-connections.ts';
import { waitForConnections } from './http/hooks/drain.ts';
import type { Listener } from './database/notifications/listener.ts';
import { startExpiryJob } from './jobs/expiry.ts';
import { listen } from './http/listen.ts';
import { createLogger } from './observability/logger.ts';
import { runAllSteps } from './runtime/run-all-steps.ts';
import { startCleanupJob } from './jobs/cleanup.ts';
import { cleanupTasks } from './composition/cleanup.ts';

/** Where the two listeners are, as URLs without a path. */
export interface Addresses {
  readonly public: string;
  readonly operator: string;
}

/** A running Usher. */
export interface App {
  readonly addresses: Addresses;
  readonly log: Logger;
  /** Says so for a while (`SHUTDOWN_NOTICE`); then answers what was asked and puts it on record, for at most ten seconds, and ends everything. */
  stop(): Promise<void>;
}

/** How long open requests, and after them what is to be put on record, may take once we close, in milliseconds. */
const drainTimeoutMs = 10_000;

/**
 * Builds everything and listens. Throws when a dependency cannot be had, or the signal ends the wait for it, with nothing left
 * running.
 */
export async function startApp(config: Config, clock: Clock, signal?: AbortSignal): Promise<App> {
  const { now } = clock;
  const log = createLogger(config.logLevel, now);
  const { misspelt } = config;
  for (const each of misspelt) log.warn(each, 'not a setting; was the other one meant?');
  log.info({ ...summarize(config), channels: channelRegistry.channelTypes.length }, 'starting');
  const dependencies = createDependencies();
  const storage = watchStorage(await openStorage(config, log, signal), dependencies);
  let servers: Servers | undefined;
  let listener: Listener | undefined;
  try {
    const tracing = await openTracing(config, log);
    const stores = buildStores(storage, { now, log });
    if (!config.production) await putDemo(stores.resources);
    const closing = new AbortController();
    const connections = createOpenConnections();
    const diagnostics = { log, dependencies, tracing };
    const runtime = {
      ...clock,
      ...diagnostics,
      storage,
      stores,
      live: connections,
      closing: closing.signal,
    };
    const deps = buildDeps(config, runtime);
    listener = listenForChanges(runtime);
    servers = await buildServers(config, deps, runtime);
    const addresses = {
      public: await listen(servers.public, {
        ...config.listen,
        names: { host: 'HOST', port: 'PORT' },
      }),
      operator: await listen(servers.operator, {
        ...config.operator,
        names: { host: 'OPS_HOST', port: 'OPS_PORT' },
      }),
    };
    log.info({ ...addresses }, 'listening');
    const cleanupJob = startCleanupJob({ tasks: cleanupTasks(stores, config), ...clock, log });
    const { liveGrants } = stores;
    const expiryJob = startExpiryJob({
      ...{ liveGrants, ...deps, ...clock, log },
      closing: closing.signal,
    });
    const [runningServers, changeListener] = [servers, listener];
    const stop = async () => {
      closing.abort();
      let deadline = now();
      let lastSpans: Promise<void> | undefined;
      await runAllSteps([
        () => waitForConnections(runningServers.public.server, config.shutdownNoticeMs),
        () => (deadline = now() + drainTimeoutMs),
        () => close(runningServers),
        () => void (lastSpans = tracing?.close()),
        cleanupJob.stop,
        expiryJob.stop,
        changeListener.stop,
        deps.flushExcesses,
        () => deps.trail.close(Math.max(0, deadline - now())),
        storage.close,
        () => lastSpans,
      ]);
    };
    return { addresses, log, stop };
  } catch (error) {
    // The one may listen already when the other finds its port taken.
    await runAllSteps([
      () => servers && close(servers),
      () => listener?.stop(),
      storage.close,
    ]).catch((fault: unknown) => {
      log.error({ err: fault }, 'could not close what was started');
    });
    throw error;
  }
}

/** The public listener first: until it has drained, the operator's says that we are closing. */
async function close(servers: Servers): Promise<void> {
  const late = setTimeout(() => {
    servers.public.server.closeAllConnections();
  }, drainTimeoutMs);
  await servers.public.close();
  clearTimeout(late);
  await servers.operator.close();
}

/** Starts tracing where a collector is configured; without one, no exporter is loaded. */
async function openTracing({ tracing }: Config, log: Logger): Promise<Tracing | undefined> {
  if (tracing === undefined) return undefined;
  const { startTracing } = await import('./observability/tracing/start-tracing.ts');
  return startTracing({ ...tracing, log });
}
