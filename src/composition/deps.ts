import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { createEndConnections } from '../authorize/revocation/end-connections.ts';
import { createTrackConnection } from '../authorize/revocation/track-connection.ts';
import { buildAudit } from './audit.ts';
import type { FactsAtHosts } from '../facts/facts-at-hosts.ts';
import { askApplication } from '../host/ask-application.ts';
import { fingerprintOf } from '../host/forwarded.ts';
import { createHeadersOf } from '../http/input/auth-request.ts';
import type { HttpSources } from './sources.ts';
import { buildIdentify, remoteKindsOf } from './authn.ts';
import { createDecisionReads } from '../audit/decision-reads.ts';
import type { HostSources } from '../facts/host-sources.ts';
import { buildReloadable } from './secrets.ts';
import { buildShadow } from './shadow.ts';
import type { Storage, Stores } from './storage.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import type { ServedPolicy } from './policy.ts';
import type { AskRequest } from '../policy/ask.ts';
import type { CurrentConfig } from '../config/current-config.ts';
import type { Config } from '../config/load.ts';
import { identifyWithPrevious } from '../authn/credential.ts';
import { withoutPermit } from '../runtime/permits.ts';
import type { Clock } from '../runtime/timer.ts';
import { createTimeOrderedId } from '../runtime/time-ordered-id.ts';
import type { OpenConnections } from '../websocket/open-connections.ts';
import { createSigner, createUserSigner } from '../pusher/sign.ts';
import { createTerminate } from '../pusher/terminate.ts';
import { countTrackedConnections } from '../database/repositories/tracked-connections.ts';
import { createGuestSessions } from '../database/repositories/guest-sessions.ts';
import { createGrantRateLimit } from '../rate-limit/grants.ts';
import { createReadLastHour } from '../observability/metrics/hour-stats.ts';
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
  readonly factsAtHosts: Pick<FactsAtHosts, 'measureWith'>;
  readonly watchedHosts: Pick<HostSources, 'find' | 'list'>;
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
  const { storage, stores, dependencies, now } = deps;
  const policy = deps.policies.current;
  const { database } = storage;
  const { configs } = deps;
  const reloadable = buildReloadable(configs);
  const { apps } = reloadable;
  const signer = createSigner(apps, config.signing);
  const sessions = createGuestSessions(database);
  const tokenLookups = { hits: 0, misses: 0 };
  const { limits, shared } = stores.limiting;
  const audit = buildAudit(config, { ...deps, policy, database, tables: stores.tables, limits });
  const identifyDeps = {
    ...deps,
    policy,
    sessions,
    tokenLookups,
    measureHost: audit.metrics.measureHost,
  };
  const credentials = configs.build({
    part: ({ guestTokens, userTokens, sanctum, passport, tokenIntrospection, ...rest }) => ({
      guestTokens,
      userTokens,
      sanctum,
      passport,
      tokenIntrospection,
      sessions: rest.sessions,
      variable: config.variable,
    }),
    build: (part) => buildIdentify(part, identifyDeps),
    dispose: ({ closeHosts }) => closeHosts(),
  });
  const { writeSecurityEvent, reportLimitExceeded, metrics, lastHour, channelStats, auditLog } =
    audit;
  const { revocations, trackedConnections, sources } = stores;
  deps.http.measureWith(audit.metrics.measureHost);
  if (shared) metrics.load.observeLocal(shared.isLocal);
  metrics.dependencies.observe(dependencies);
  metrics.observePolicy(() => ({
    hash: policy().hash,
    hasFailed: deps.policies.failure() !== undefined,
  }));
  metrics.observeSecretFiles(configs.settings, configs.failures);
  metrics.observeTokenCache(tokenLookups);
  deps.factsAtHosts.measureWith(metrics.measureFact);
  metrics.observeFactCache(stores.factLookups);
  const { encrypts, caches, userIdOf } = signer;
  const shadow = buildShadow(config, {
    ...deps,
    policy,
    encrypts,
    caches,
    userIdOf,
    count: metrics.countShadow,
  });
  return {
    now,
    // In the order of time, so that the primary key of `audit_log` grows at one end.
    newId: createTimeOrderedId(now),
    randomBytes,
    policy,
    policies: deps.policies,
    identify: identifyWithPrevious(credentials),
    remoteKinds: remoteKindsOf(config),
    withLentPermit: withoutPermit,
    ...sources.database,
    revocations: { ...revocations, ...sources.database.revocations },
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
    trackConnection: createTrackConnection({
      trackedConnections,
      appOf: apps.for,
      now,
    }),
    endConnections: createEndConnections({
      ...deps,
      trackedConnections,
      terminate: createTerminate(apps, dependencies.watch('Pusher server').observe),
      policyOf: (appKey) => apps.withKey(appKey)?.terminatePolicy ?? 'retried',
    }),
    live: deps.live,
    startTimer: deps.startTimer,
    servers: apps.servers(),
    serverOf: (appKey: string) => apps.withKey(appKey),
    readWebhook: reloadable.readWebhook,
    beginOnce: stores.beginOnce,
    appKeyOf: (tenantId: string) => apps.for(tenantId)?.key,
    channelStats,
    measure: createMeasure(metrics.decisions, lastHour),
    writeDecision: audit.writeDecision,
    writeForgery: audit.writeForgery,
    writeSecurityEvent,
    countRefusal: audit.countRefusal,
    writeRejected: audit.writeRejected,
    reportLimitExceeded,
    flushLimitEvents: audit.flush,
    countWebhook: metrics.countWebhook,
    readMetrics: metrics.read,
    readLastHour: createReadLastHour(lastHour.read, deps.peers),
    listConnections: createListAllConnections(deps.live.list, deps.peers),
    countTracked: () => countTrackedConnections(database, now()),
    loadMetrics: metrics.load,
    trafficMetrics: metrics.traffic,
    countUnavailable: metrics.dependencies.countUnavailable,
    auditLog,
    ...createDecisionReads(database),
    sign: signer.sign,
    signUser: createUserSigner(apps),
    closeHosts: configs.close,
  };
}
