import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createEndConnections } from '../authorize/revocation/end-connections.ts';
import { createTrackConnection } from '../authorize/revocation/track-connection.ts';
import { buildAudit } from './audit.ts';
import type { FactsAtSources } from '../facts/facts-at-sources.ts';
import { askApplication } from '../application/ask-application.ts';
import { fingerprintOf } from '../application/forwarded.ts';
import { createHeadersOf } from '../http/input/auth-request.ts';
import type { HttpSources } from './sources.ts';
import { buildIdentify, remoteKindsOf, type IdentifyDeps } from './authn.ts';
import { createDecisionReads } from '../audit/decision-reads.ts';
import type { SqlSources } from '../facts/sql-sources.ts';
import { buildReloadable } from './secrets.ts';
import { buildShadow } from './shadow.ts';
import type { Storage, Stores } from './storage.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import type { ServedPolicy } from './policy.ts';
import type { AskRequest } from '../policy/ask.ts';
import type { CurrentConfig } from '../config/current-config.ts';
import type { CurrentAndPrevious } from '../config/secret-rotation.ts';
import type { Config } from '../config/load.ts';
import { identifyWithPrevious } from '../authn/credential.ts';
import { withoutPermit } from '../runtime/permits.ts';
import type { Clock } from '../runtime/timer.ts';
import { createTimeOrderedId } from '../runtime/time-ordered-id.ts';
import type { OpenConnections } from '../websocket/open-connections.ts';
import type { PusherApps } from '../pusher/apps.ts';
import type { CacheLookups } from '../runtime/caches.ts';
import { createSigner, createUserSigner } from '../pusher/sign.ts';
import { createTerminate } from '../pusher/terminate.ts';
import { countTrackedConnections } from '../database/repositories/tracked-connections.ts';
import { createGuestSessions } from '../database/repositories/guest-sessions.ts';
import { createGrantRateLimit } from '../rate-limit/grants.ts';
import { createReadLastHour } from '../observability/metrics/hour-stats.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';
import { createMeasure } from '../observability/metrics/decision-metrics.ts';
import type { Tracing } from '../observability/tracing/tracer.ts';
import { createListAllConnections } from '../workers/all-connections.ts';
import type { Peers } from '../workers/peers.ts';

/** The state of the process while it runs. */
export interface RuntimeDeps extends Clock {
  readonly storage: Storage;
  readonly dependencies: Dependencies;
  readonly stores: Stores;
  readonly tracing: Tracing | undefined;
  readonly policies: ServedPolicy;
  readonly http: HttpSources;
  readonly factsAtSources: Pick<FactsAtSources, 'measureWith'>;
  readonly shadowSources: Pick<SqlSources, 'find' | 'list'>;
  readonly configs: CurrentConfig;
  readonly log: Logger;
  readonly peers: Peers;
  /** The open WebSockets of this process. */
  readonly live: OpenConnections;
  /** Aborted when Usher starts to shut down. */
  readonly closing: AbortSignal;
}

/** The dependencies of use cases and routes. Each of them declares the part that it needs. */
export type Deps = ReturnType<typeof buildDeps>;

export function buildDeps(config: Config, deps: RuntimeDeps) {
  const { stores, configs, now } = deps;
  const policy = deps.policies.current;
  const { database } = deps.storage;
  const { limits } = stores.limiting;
  const reloadable = buildReloadable(configs);
  const { apps } = reloadable;
  const signer = createSigner(apps, config.signing);
  const { encrypts, caches, userIdOf } = signer;
  const sessions = createGuestSessions(database);
  const audit = buildAudit(config, { ...deps, policy, database, tables: stores.tables, limits });
  const { metrics, reportLimitExceeded } = audit;
  const tokenLookups = { hits: 0, misses: 0 };
  const credentials = buildCredentials(config, {
    ...deps,
    policy,
    sessions,
    tokenLookups,
    measureApplication: metrics.measureApplication,
  });
  // After the readers of credentials, whose servers are dependencies too.
  observe(deps, metrics, tokenLookups);
  const shadow = buildShadow(config, {
    ...deps,
    policy,
    encrypts,
    caches,
    userIdOf,
    count: metrics.countShadow,
  });
  const { sources } = stores;
  return {
    now,
    startTimer: deps.startTimer,
    // In the order of time, so that the primary key of `audit_log` grows at one end.
    newId: createTimeOrderedId(now),
    randomBytes,
    policy,
    policies: deps.policies,
    identify: identifyWithPrevious(credentials),
    remoteKinds: remoteKindsOf(config),
    withLentPermit: withoutPermit,
    ...sources.database,
    revocations: { ...stores.revocations, ...sources.database.revocations },
    factSources: config.audit === 'strict' ? sources.cachedFirst : () => [sources.database],
    encrypts,
    caches,
    userIdOf,
    watch: shadow.watch,
    closeShadow: shadow.close,
    ask: (request: AskRequest) => askApplication(request, deps.http.find),
    fingerprint: (headers: Readonly<Record<string, string>>) =>
      fingerprintOf(headers, config.pusher.secret),
    headersOf: createHeadersOf(config.allowedOrigins),
    sessions,
    guestSessionLifetimeMs: config.guestSessionLifetimeMs,
    tickets: stores.tickets,
    ticketLifetimeMs: config.tickets.lifetimeMs,
    chatServers: reloadable.chatServers,
    operatorTokens: reloadable.operatorTokens,
    secretFailures: configs.failures,
    openFactPage: stores.openFactPage,
    limits,
    authorizations: config.limits.authorizations,
    rateLimitGrant: createGrantRateLimit({
      ...deps,
      ...config.limits,
      limits,
      reportLimitExceeded,
    }),
    readWebhook: reloadable.readWebhook,
    beginOnce: stores.beginOnce,
    ...connectionDeps(deps, apps),
    ...auditDeps(audit, deps),
    ...createDecisionReads(database),
    sign: signer.sign,
    signUser: createUserSigner(apps),
    closeApplicationServers: configs.close,
  };
}

/** Connects the metrics with the parts that they observe. */
function observe(deps: RuntimeDeps, metrics: Metrics, tokenLookups: CacheLookups): void {
  const { stores, configs, policies } = deps;
  const { shared } = stores.limiting;
  deps.http.measureWith(metrics.measureApplication);
  deps.factsAtSources.measureWith(metrics.measureFact);
  if (shared) metrics.load.observeLocal(shared.isLocal);
  metrics.dependencies.observe(deps.dependencies);
  metrics.observePolicy(() => ({
    hash: policies.current().hash,
    hasFailed: policies.failure() !== undefined,
  }));
  metrics.observeSecretFiles(configs.settings, configs.failures);
  metrics.observeTokenCache(tokenLookups);
  metrics.observeFactCache(stores.factLookups);
}

/** The readers of credentials, which are built again when a secret changes. */
function buildCredentials(
  { variable }: Config,
  deps: IdentifyDeps & Pick<RuntimeDeps, 'configs'>,
): CurrentAndPrevious<ReturnType<typeof buildIdentify>> {
  return deps.configs.build({
    part: ({ guestTokens, userTokens, sanctum, passport, tokenIntrospection, sessions }) => ({
      guestTokens,
      userTokens,
      sanctum,
      passport,
      tokenIntrospection,
      sessions,
      variable,
    }),
    build: (part) => buildIdentify(part, deps),
    dispose: ({ closeApplicationServers }) => closeApplicationServers(),
  });
}

/** The connections of this process and of the Pusher servers. */
function connectionDeps(deps: RuntimeDeps, apps: PusherApps) {
  const { now, live, stores, storage, dependencies } = deps;
  const { trackedConnections } = stores;
  return {
    trackConnection: createTrackConnection({ trackedConnections, appOf: apps.for, now }),
    endConnections: createEndConnections({
      ...deps,
      trackedConnections,
      terminate: createTerminate(apps, dependencies.watch('Pusher server').observe),
      policyOf: (appKey) => apps.withKey(appKey)?.terminatePolicy ?? 'retried',
    }),
    live,
    servers: apps.servers(),
    serverOf: (appKey: string) => apps.withKey(appKey),
    appKeyOf: (tenantId: string) => apps.for(tenantId)?.key,
    listConnections: createListAllConnections(live.list, deps.peers),
    countTracked: () => countTrackedConnections(storage.database, now()),
  };
}

/** The audit log and the metrics. */
function auditDeps(
  { metrics, lastHour, flush, ...audit }: ReturnType<typeof buildAudit>,
  { peers }: Pick<RuntimeDeps, 'peers'>,
) {
  return {
    ...audit,
    flushLimitEvents: flush,
    measure: createMeasure(metrics.decisions, lastHour),
    countWebhook: metrics.countWebhook,
    readMetrics: metrics.read,
    readLastHour: createReadLastHour(lastHour.read, peers),
    loadMetrics: metrics.load,
    trafficMetrics: metrics.traffic,
    countUnavailable: metrics.dependencies.countUnavailable,
  };
}
