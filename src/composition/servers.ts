import { shownCredential } from '../cli/match-channel.ts';
import type { FastifyInstance } from 'fastify';
import type { Deps, RuntimeDeps } from './deps.ts';
import { createSharedChecks } from '../cli/doctor/shared-checks.ts';
import { addWebSockets } from './websocket.ts';
import { cookieModeOf } from './authn.ts';
import { collectPaths } from '../http/mount-routes.ts';
import { refuseUnread } from '../authorize/refuse-unread.ts';
import type { Config } from '../config/load.ts';
import { originOf } from '../http/input/auth-request.ts';
import { addChannelAuth } from '../http/routes/channel-auth/route.ts';
import { addChannelBatchAuth } from '../http/routes/channel-batch-auth/route.ts';
import { addClient } from '../http/routes/client/route.ts';
import { addChannelList } from '../http/routes/channel-list/route.ts';
import { addDemo } from '../http/routes/demo/route.ts';
import { demoDeps } from '../cli/demo-requests.ts';
import { addDecisions } from '../http/routes/decisions/route.ts';
import { addDecisionStream } from '../http/routes/decisions/stream.ts';
import { addDoctor } from '../http/routes/doctor/route.ts';
import { addDocs, collectDocs } from '../http/routes/openapi/route.ts';
import type { WriteUnreadable } from '../http/output/errors.ts';
import { traceRequests } from '../http/hooks/tracing.ts';
import { addPolicy } from '../http/routes/policy/route.ts';
import { addPolicyTrial } from '../http/routes/policy-trial/route.ts';
import { createTryExpression } from '../policy-test/try-expression.ts';
import { createTryPolicy } from '../policy-test/try-policy.ts';
import { addPolicyRoutes } from '../http/routes/policy-routes/route.ts';
import { addGuestSessions } from '../http/routes/guest-sessions/route.ts';
import { addIssueTicket } from '../http/routes/tickets/issue-route.ts';
import { createFailureLimit, createGuestSessionLimit } from '../rate-limit/request-limits.ts';
import { addMetrics } from '../http/routes/metrics/route.ts';
import { collectMethods } from '../http/hooks/method-not-allowed.ts';
import { guardOperator } from '../http/routes/operator/guard.ts';
import { addOperatorPage } from '../http/routes/operator/page.ts';
import { addProbes } from '../http/routes/operator/route.ts';
import { createCredentialsOf } from '../http/input/credentials.ts';
import { addRedeemTicket } from '../http/routes/tickets/redeem-route.ts';
import { factRoutes } from '../http/routes/facts/docs.ts';
import { addExplain } from '../http/routes/explain/route.ts';
import { addFacts } from '../http/routes/facts/route.ts';
import { addStatistics } from '../http/routes/statistics/route.ts';
import { addRevocations } from '../http/routes/revocations/route.ts';
import { createServer, addCors } from '../http/server.ts';
import {
  createConcurrencyLimiter,
  concurrencySettings,
  limitConcurrency,
} from '../rate-limit/concurrency-limiter.ts';
import { addUserAuth } from '../http/routes/user-auth/route.ts';
import { addWebhooks } from '../http/routes/webhooks/route.ts';
import type { DocumentedRoute, DocumentedServers } from '../http/openapi/document.ts';
import type { SharedLimits } from '../rate-limit/shared-limits.ts';

export interface Servers {
  readonly public: FastifyInstance;
  readonly operator: FastifyInstance;
  /** The paths of their routes. */
  readonly paths: Readonly<Record<'public' | 'operator', ReadonlySet<string>>>;
}

/** Builds the servers of both ports. The operator's server documents the routes of both. */
export async function buildServers(
  config: Config,
  deps: Deps,
  runtime: RuntimeDeps,
): Promise<Servers> {
  const docs: CollectedDocs = { public: [], operator: [] };
  const paths = { public: new Set<string>(), operator: new Set<string>() };
  return {
    public: await buildPublicServer(config, deps, { ...runtime, docs, paths }),
    operator: buildOperatorServer(config, deps, { ...runtime, docs, paths }),
    paths,
  };
}

/** The documentation of the routes that were added so far. */
interface CollectedDocs extends DocumentedServers {
  readonly public: DocumentedRoute[];
  readonly operator: DocumentedRoute[];
}

type ServerDeps = RuntimeDeps & {
  readonly docs: CollectedDocs;
  readonly paths: Readonly<Record<'public' | 'operator', Set<string>>>;
};

async function buildPublicServer(
  config: Config,
  deps: Deps,
  runtime: ServerDeps,
): Promise<FastifyInstance> {
  const { trustedProxies, allowedOrigins } = config;
  const { countUnavailable } = deps;
  const logger = runtime.log;
  const writeUnreadable: WriteUnreadable = async (request, refused) => {
    // Count first, so that a flood of malformed requests does not become a flood of rows.
    await routeDeps.countFailure(request);
    return refuseUnread({ ...refused, origin: originOf(request) }, deps);
  };
  const server = createServer({
    logger,
    trustedProxies,
    countUnavailable,
    writeUnreadable,
    closing: runtime.closing,
    keepAliveTimeoutMs: config.keepAliveMs,
    ignoreDuplicateSlashes: true,
  });
  if (runtime.tracing) traceRequests(server, runtime.tracing);
  server.addHook('onClose', deps.closeApplicationServers);
  const cookieMode = cookieModeOf(config);
  await addCors(server, {
    allowedOrigins,
    limits: runtime.stores.limiting.limits,
  });
  collectDocs(server, runtime.docs.public);
  collectPaths(server, runtime.paths.public);
  const refuseOtherMethods = collectMethods(server);
  const { loadMetrics } = deps;
  const { startTimer } = runtime;
  const concurrencyLimiter = createConcurrencyLimiter(concurrencySettings, {
    startTimer,
    onShed: loadMetrics.countShed,
  });
  loadMetrics.observeQueue(concurrencyLimiter);
  limitConcurrency(server, concurrencyLimiter);
  const routeDeps = {
    ...deps,
    withLentPermit: concurrencyLimiter.withLentPermit,
    credentialsOf: createCredentialsOf(cookieMode, config.tokenField),
    countFailure: createFailureLimit(deps.countRefusal),
    countGuestSession: createGuestSessionLimit(
      server,
      config.limits.guestSessions,
      deps.reportLimitExceeded,
    ),
  };
  addChannelAuth(server, routeDeps);
  addChannelBatchAuth(server, routeDeps);
  addPolicyRoutes(server, routeDeps);
  addUserAuth(server, routeDeps);
  addChannelList(server, routeDeps);
  addClient(server);
  if (!config.production) addDemo(server, demoDeps(config, deps));
  addGuestSessions(server, routeDeps);
  addIssueTicket(server, routeDeps);
  addRedeemTicket(server, routeDeps);
  addWebhooks(server, routeDeps);
  addWebSockets(server, config, { ...runtime, ...routeDeps });
  refuseOtherMethods();
  return server;
}

function buildOperatorServer(
  config: Config,
  deps: Deps,
  { storage, stores, log, closing, configs, docs, paths }: ServerDeps,
): FastifyInstance {
  const { countUnavailable } = deps;
  const server = createServer({ logger: log, trustedProxies: [], countUnavailable });
  const { shared } = stores.limiting;
  collectDocs(server, docs.operator);
  const refuseOtherMethods = collectMethods(server);
  // Before the paths are collected, since the server of an application has a page of its own at `/`.
  addOperatorPage(server, () => deps.operatorTokens().length > 0);
  collectPaths(server, paths.operator);
  const { host, names } = config.operator;
  guardOperator(server, {
    ...deps,
    tokens: deps.operatorTokens,
    names: [host.toLowerCase(), ...names],
  });
  addProbes(server, {
    // Redis is not required: during an outage each replica uses its local limits, and everything else works.
    pings: [storage.database.ping],
    isClosing: () => closing.aborted,
    isDegraded: deps.auditLog.isDropping,
    limitScope: shared && (() => limitScope(shared)),
    policyProblems: deps.policies.failure,
    hasSecretFailures: () => deps.secretFailures().size > 0,
  });
  const kinds = () => deps.policy().factKinds;
  addFacts(server, { facts: stores.pushed, kinds });
  addMetrics(server, deps.readMetrics);
  addRevocations(server, deps);
  addPolicy(server, { ...deps.policies, reload: deps.policies.reloadAll });
  addPolicyTrial(server, {
    tryPolicy: createTryPolicy(deps),
    tryExpression: createTryExpression(deps),
  });
  addStatistics(server, deps);
  addDecisions(server, deps);
  addDecisionStream(server, { ...deps, closing });
  addExplain(server, {
    ...deps,
    credentialOf: (token, channelName) => {
      const policy = deps.policy();
      const { sessions } = config;
      return shownCredential(token, policy.channels.matchText(channelName), { policy, sessions });
    },
  });
  addDoctor(server, { runChecks: createSharedChecks({ ...deps, configs }) });
  addDocs(
    server,
    () => ({ ...docs, operator: [...docs.operator, ...factRoutes(kinds())] }),
    `http://127.0.0.1:${config.listen.port}`,
  );
  refuseOtherMethods();
  return server;
}

async function limitScope(shared: SharedLimits): Promise<'shared' | 'local'> {
  await shared.probe();
  return shared.isLocal() ? 'local' : 'shared';
}
