import type { Logger } from 'pino';
import { buildDeps } from './composition/deps.ts';
import { hearChanges } from './composition/change-listener.ts';
import { buildServers, type Servers } from './composition/servers.ts';
import { openStorage } from './composition/storage.ts';
import { buildStores } from './composition/stores.ts';
import { watchStorage } from './composition/watch-dependencies.ts';
import { createDependencies } from './observability/dependencies.ts';
import { catalogue } from './policy/channels/index.ts';
import type { Config } from './config/load.ts';
import { summarize } from './config/summary.ts';
import type { Clock } from './runtime/timer.ts';
import type { Tracing } from './observability/tracing/tracer.ts';
import { putDemo } from './facts/demo-facts.ts';
import { createLiveConnections } from './websocket/open-connections.ts';
import { untilDeserted } from './http/hooks/drain.ts';
import type { Listener } from './database/notifications/listener.ts';
import { startKeepingEnds } from './jobs/expiry.ts';
import { listen } from './http/listen.ts';
import { createLog } from './observability/logger.ts';
import { runAllSteps } from './runtime/run-all-steps.ts';
import { startSweeping } from './jobs/cleanup.ts';
import { sweepsOf } from './composition/cleanup.ts';

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
const drainTime = 10_000;

/**
 * Builds everything and listens. Throws when a dependency cannot be had, or the signal ends the wait for it, with nothing left
 * running.
 */
export async function startApp(config: Config, clock: Clock, signal?: AbortSignal): Promise<App> {
  const { now } = clock;
  const log = createLog(config.logLevel, now);
  const { misspelt } = config;
  for (const each of misspelt) log.warn(each, 'not a setting; was the other one meant?');
  log.info({ ...summarize(config), channels: catalogue.families.length }, 'starting');
  const dependencies = createDependencies();
  const storage = watchStorage(await openStorage(config, log, signal), dependencies);
  let servers: Servers | undefined;
  let listener: Listener | undefined;
  try {
    const tracing = await openTracing(config, log);
    const stores = buildStores(storage, { now, log });
    if (!config.production) await putDemo(stores.resources);
    const closing = new AbortController();
    const live = createLiveConnections();
    const noting = { log, dependencies, tracing };
    const around = { ...clock, ...noting, storage, stores, live, closing: closing.signal };
    const deps = buildDeps(config, around);
    listener = hearChanges(around);
    servers = await buildServers(config, deps, around);
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
    const sweeping = startSweeping({ sweeps: sweepsOf(stores, config), ...clock, log });
    const { liveGrants } = stores;
    const keepingEnds = startKeepingEnds({
      ...{ liveGrants, ...deps, ...clock, log },
      closing: closing.signal,
    });
    const [built, hearing] = [servers, listener];
    const stop = async () => {
      closing.abort();
      let deadline = now();
      let lastSpans: Promise<void> | undefined;
      await runAllSteps([
        () => untilDeserted(built.public.server, config.shutdownNotice),
        () => (deadline = now() + drainTime),
        () => close(built),
        () => void (lastSpans = tracing?.close()),
        sweeping.stop,
        keepingEnds.stop,
        hearing.stop,
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
  }, drainTime);
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
