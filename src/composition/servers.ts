import type { FastifyInstance } from 'fastify';
import type { Deps, Surroundings } from './deps.ts';
import { addGateway } from './websocket.ts';
import { cookieModeOf } from './authn.ts';
import { refuseUnread } from '../authorize/refuse-unread.ts';
import type { Config } from '../config/load.ts';
import { originOf } from '../http/input/auth-request.ts';
import { addChannelAuth } from '../http/routes/channel-auth/route.ts';
import { addChannelBatchAuth } from '../http/routes/channel-batch-auth/route.ts';
import { addChannelList } from '../http/routes/channel-list/route.ts';
import { addDecisions } from '../http/routes/decisions/route.ts';
import { addDocs, collectDocs } from '../http/routes/openapi/route.ts';
import type { RecordUnread } from '../http/output/errors.ts';
import { addFarewell } from '../http/hooks/drain.ts';
import { followRequests } from '../http/hooks/tracing.ts';
import { addGuestChatAuth } from '../http/routes/guest-chat-auth/route.ts';
import { addGuestSessions } from '../http/routes/guest-sessions/route.ts';
import { addIssueTicket } from '../http/routes/tickets/issue-route.ts';
import { keepLastExchange } from '../http/hooks/last-exchange.ts';
import { createFailureLimit, createGuestSessionLimit } from '../rate-limit/request-limits.ts';
import { addMetrics } from '../http/routes/metrics/route.ts';
import { watchMethods } from '../http/hooks/method-not-allowed.ts';
import { addProbes, guardOperator } from '../http/routes/operator/route.ts';
import { createPresent } from '../http/input/credentials.ts';
import { addRedeemTicket } from '../http/routes/tickets/redeem-route.ts';
import { addResources } from '../http/routes/facts/route.ts';
import { addRevocations } from '../http/routes/revocations/route.ts';
import { createServer, openToBrowsers } from '../http/server.ts';
import { createSlots, slotSettings, workInSlots } from '../rate-limit/concurrency-limiter.ts';
import { addUserAuth } from '../http/routes/user-auth/route.ts';
import { addWebhooks } from '../http/routes/webhooks/route.ts';
import type { DocumentedRoute, Ports } from '../http/openapi/document.ts';
import type { SharedLimits } from '../rate-limit/shared-limits.ts';

/** The two listeners. */
export interface Servers {
  readonly public: FastifyInstance;
  readonly operator: FastifyInstance;
}

/** Builds both listeners; the operator's tells of the routes of both. */
export async function buildServers(
  config: Config,
  deps: Deps,
  around: Surroundings,
): Promise<Servers> {
  const docs: Collected = { public: [], operator: [] };
  return {
    public: await buildPublicServer(config, deps, { ...around, docs }),
    operator: buildOperatorServer(config, deps, { ...around, docs }),
  };
}

/** What the routes say of themselves, while they are being added. */
interface Collected extends Ports {
  readonly public: DocumentedRoute[];
  readonly operator: DocumentedRoute[];
}

type Building = Surroundings & { readonly docs: Collected };

/** Builds the listener that browsers ask. */
async function buildPublicServer(
  config: Config,
  deps: Deps,
  around: Building,
): Promise<FastifyInstance> {
  const { trustedProxies, allowedOrigins } = config;
  const { countUnavailable } = deps;
  const logger = around.log;
  const recordUnread: RecordUnread = async (request, refused) => {
    // First: a flood of what cannot be read must not be a flood of rows.
    await ports.countFailure(request);
    return refuseUnread({ ...refused, origin: originOf(request) }, deps);
  };
  const server = createServer({
    ...{ logger, trustedProxies, countUnavailable, recordUnread },
    keepAliveTimeout: config.keepAlive,
    ignoreDuplicateSlashes: true,
  });
  if (around.tracing) followRequests(server, around.tracing);
  addFarewell(server, around.closing);
  keepLastExchange(server);
  server.addHook('onClose', deps.closeHosts);
  const cookieMode = cookieModeOf(config);
  await openToBrowsers(server, {
    allowedOrigins,
    limits: around.stores.limiting.limits,
  });
  collectDocs(server, around.docs.public);
  const refuseOtherMethods = watchMethods(server);
  const { loadMetrics } = deps;
  const { startTimer } = around;
  const slots = createSlots(slotSettings, { startTimer, onShed: loadMetrics.countShed });
  loadMetrics.showWaiting(slots.waiting);
  workInSlots(server, slots);
  const ports = {
    ...deps,
    present: createPresent(cookieMode, config.tokenField),
    countFailure: createFailureLimit(deps.countRefusal),
    countGuestSession: createGuestSessionLimit(
      server,
      config.limits.guestSessions,
      deps.reportExcess,
    ),
  };
  addChannelAuth(server, ports);
  addChannelBatchAuth(server, ports);
  addGuestChatAuth(server, ports);
  addUserAuth(server, ports);
  addChannelList(server, ports);
  addGuestSessions(server, ports);
  addIssueTicket(server, ports);
  addRedeemTicket(server, ports);
  addWebhooks(server, ports);
  addGateway(server, config, { ...around, ...ports });
  refuseOtherMethods();
  return server;
}

/** Builds the listener that only the operator asks. */
function buildOperatorServer(
  config: Config,
  deps: Deps,
  { storage, stores, log, closing, docs }: Building,
): FastifyInstance {
  const { countUnavailable } = deps;
  const server = createServer({ logger: log, trustedProxies: [], countUnavailable });
  const { shared } = stores.limiting;
  collectDocs(server, docs.operator);
  const refuseOtherMethods = watchMethods(server);
  guardOperator(server, { ...deps, token: config.operator.token });
  addProbes(server, {
    // Not Redis: without it each replica counts limits alone, and everything else works.
    pings: [storage.database.ping],
    isClosing: () => closing.aborted,
    isDegraded: deps.trail.isDropping,
    limitsAre: shared && (() => howCounted(shared)),
  });
  addResources(server, stores.resources);
  addMetrics(server, deps.readMetrics);
  addRevocations(server, deps);
  addDecisions(server, deps.findDecision);
  addDocs(server, docs, `http://127.0.0.1:${config.listen.port}`);
  refuseOtherMethods();
  return server;
}

async function howCounted(shared: SharedLimits): Promise<'shared' | 'local'> {
  await shared.look();
  return shared.isLocal() ? 'local' : 'shared';
}
