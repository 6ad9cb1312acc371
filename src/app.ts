import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { buildDeps, type Deps, type RuntimeDeps } from './composition/deps.ts';
import { listenForRevocations } from './composition/websocket.ts';
import { buildServers, type Servers } from './composition/servers.ts';
import { buildStores, cleanupTasks, openStorage } from './composition/storage.ts';
import { createDependencies } from './observability/dependencies.ts';
import type { Config } from './config/load.ts';
import { summarize } from './config/summary.ts';
import { findWithoutEffect } from './config/without-effect.ts';
import { buildShadowSources } from './composition/shadow.ts';
import { buildSqlSources, buildHttpSources } from './composition/sources.ts';
import { createFactsAtSources } from './facts/facts-at-sources.ts';
import { createHttpFacts } from './facts/http-facts.ts';
import { buildPolicy } from './composition/policy.ts';
import { buildConfigs } from './composition/secrets.ts';
import { startReload } from './jobs/reload.ts';
import type { CurrentPolicy } from './policy/current-policy.ts';
import type { Policy } from './policy/policy.ts';
import type { Clock } from './runtime/timer.ts';
import type { Tracing } from './observability/tracing/tracer.ts';
import { putDemoFacts } from './facts/demo-facts.ts';
import { createOpenConnections } from './websocket/open-connections.ts';
import type { Listener } from './database/notifications/listener.ts';
import { startExpiryJob } from './jobs/expiry.ts';
import { listen } from './http/listen.ts';
import { createLogger } from './observability/logger.ts';
import { createNoPeers, type Peers } from './workers/peers.ts';
import { runAllSteps } from './runtime/run-all-steps.ts';
import { startCleanupJob } from './jobs/cleanup.ts';

/** The addresses of the two servers, as URLs without a path. */
export interface Addresses {
  readonly public: string;
  readonly operator: string;
}

/** Usher without listeners. */
interface OpenApp {
  readonly servers: Servers;
  readonly deps: Deps;
  readonly log: Logger;
  /** The policy at the start. */
  readonly policy: Policy;
  readonly reloadPolicy: CurrentPolicy['reload'];
  /** Reads changed files with secrets now. Never throws. */
  readonly reloadSecrets: () => Promise<void>;
  /**
   * Reports unready and still accepts requests for the notice, in milliseconds. Then completes open requests and writes
   * for at most ten seconds, then closes everything.
   */
  stop(noticeMs?: number): Promise<void>;
}

/** A running Usher. */
export interface App extends OpenApp {
  readonly addresses: Addresses;
}

/** How to start. */
export interface Start {
  /** Aborts the wait for dependencies. */
  readonly signal?: AbortSignal | undefined;
  /** The other workers, if this process is one. */
  readonly peers?: Peers | undefined;
}

/** Time for open requests, and after them for pending writes of the audit log, at shutdown. */
const drainTimeoutMs = 10_000;

/**
 * Builds the application and listens. Throws when a dependency is unavailable or the signal ends the wait for it, with nothing
 * left running.
 */
export async function startApp(config: Config, clock: Clock, start: Start = {}): Promise<App> {
  const opened = await openApp(config, clock, start);
  const { servers, log } = opened;
  try {
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
    return { ...opened, addresses };
  } catch (error) {
    // The public server may already listen when the operator's port is taken.
    await opened.stop().catch(logUnclosed(log));
    throw error;
  }
}

const logUnclosed = (log: Logger) => (fault: unknown) => {
  log.error({ err: fault }, 'could not close the resources of a failed start');
};

/**
 * Builds the application without listening. Throws when a dependency is unavailable or the signal ends the wait for it, with nothing
 * left running.
 */
export async function openApp(
  config: Config,
  clock: Clock,
  { signal, peers = createNoPeers() }: Start = {},
): Promise<OpenApp> {
  const { now } = clock;
  const log = createLogger(config.logLevel, now, peers.worker);
  const { misspelt } = config;
  for (const each of misspelt) log.warn(each, 'not a setting of Usher; it may be misspelt');
  log.info(summarize(config), 'starting');
  const dependencies = createDependencies();
  const sources = buildSqlSources(config, { ...clock, dependencies });
  const shadowSources = buildShadowSources(config, clock);
  const policy = await buildPolicy(config, { log, now, sources: [sources, shadowSources], peers });
  for (const each of findWithoutEffect(config, policy.current())) {
    log.warn(each, 'these settings have no effect');
  }
  const storage = await openStorage(config, { log, dependencies, signal });
  let servers: Servers | undefined;
  let listener: Listener | undefined;
  try {
    const tracing = await openTracing(config, log);
    const http = buildHttpSources(config, { ...clock, dependencies, policy: policy.current });
    const findByHttp = createHttpFacts({ findSource: http.find, now });
    const factsAtSources = createFactsAtSources(sources, findByHttp);
    const stores = buildStores(storage, { now, log, factsAtSources, peers });
    if (!config.production) await putDemoFacts(policy.current().demo, stores.pushed);
    const closing = new AbortController();
    const configs = buildConfigs(config, { log, now });
    const runtime = {
      ...clock,
      log,
      peers,
      dependencies,
      tracing,
      configs,
      policies: policy,
      storage,
      stores,
      http,
      factsAtSources,
      shadowSources,
      live: createOpenConnections(),
      closing: closing.signal,
    };
    const deps = buildDeps(config, runtime);
    listener = listenForRevocations(runtime);
    servers = await buildServers(config, deps, runtime);
    const jobs = startJobs(config, deps, runtime);
    const [runningServers, changeListener] = [servers, listener];
    const stop = async (noticeMs = 0) => {
      closing.abort();
      let deadline = now();
      let lastSpans: Promise<void> | undefined;
      await runAllSteps([
        () => jobs.secrets?.stop(),
        // Not shorter if no connection is open: a load balancer may open one until it has read `/readyz`.
        () => sleep(noticeMs),
        () => (deadline = now() + drainTimeoutMs),
        () => close(runningServers),
        () => void (lastSpans = tracing?.close()),
        jobs.cleanup.stop,
        jobs.expiry.stop,
        jobs.policy.stop,
        changeListener.stop,
        deps.flushLimitEvents,
        () => deps.auditLog.close(Math.max(0, deadline - now())),
        deps.closeShadow,
        shadowSources.close,
        sources.close,
        storage.close,
        () => lastSpans,
      ]);
    };
    return {
      servers,
      deps,
      log,
      stop,
      policy: policy.current(),
      reloadPolicy: policy.reload,
      reloadSecrets: configs.reload,
    };
  } catch (error) {
    await runAllSteps([
      () => servers && close(servers),
      () => listener?.stop(),
      shadowSources.close,
      sources.close,
      storage.close,
    ]).catch(logUnclosed(log));
    throw error;
  }
}

/** Starts the background jobs. */
function startJobs(config: Config, { endConnections }: Deps, runtime: RuntimeDeps) {
  const { stores, policies, configs } = runtime;
  const { trackedConnections } = stores;
  return {
    cleanup: startCleanupJob({
      ...runtime,
      tasks: cleanupTasks(stores, config, policies.current),
    }),
    policy: startReload(policies, runtime),
    secrets: config.secretFiles && startReload(configs, runtime),
    expiry: startExpiryJob({ ...runtime, trackedConnections, endConnections }),
  };
}

/** Closes the public server first: until it has drained, the operator's `/readyz` reports the shutdown. */
async function close(servers: Servers): Promise<void> {
  const late = setTimeout(() => {
    servers.public.server.closeAllConnections();
  }, drainTimeoutMs);
  await servers.public.close();
  clearTimeout(late);
  await servers.operator.close();
}

/** Starts tracing if a collector is configured; no exporter is loaded otherwise. */
async function openTracing({ tracing }: Config, log: Logger): Promise<Tracing | undefined> {
  if (tracing === undefined) return undefined;
  const { startTracing } = await import('./observability/tracing/start-tracing.ts');
  return startTracing({ ...tracing, log });
}
