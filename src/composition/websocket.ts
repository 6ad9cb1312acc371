import type { FastifyInstance } from 'fastify';
import type { Deps, RuntimeDeps } from './deps.ts';
import { doorUpstream } from './commands/check-doors.ts';
import { checkTicket, redeemTicket } from '../authorize/tickets/redeem-ticket.ts';
import { isRevoked, subjectsOf } from '../authorize/revocation/revocation.ts';
import type { StoredRevocation } from '../authorize/revocation/revocation.ts';
import { startListening, type Listener } from '../database/notifications/listener.ts';
import type { Config } from '../config/load.ts';
import { onlyCookieName } from '../config/sessions.ts';
import type { Principal } from '../policy/principal.ts';
import { withoutPermit } from '../runtime/permits.ts';
import { createTimeOrderedId } from '../runtime/time-ordered-id.ts';
import { createWebSocketEndpoints } from '../websocket/server.ts';
import type { HandshakeFault } from '../websocket/handshake.ts';
import { createMessageLimit } from '../rate-limit/message-limit.ts';
import { addSessionEndpoints } from '../websocket/session-endpoints.ts';
import { addTicketEndpoint } from '../websocket/ticket-endpoint.ts';
import { sendRefusal } from '../http/output/response.ts';
import { sendError } from '../http/output/errors.ts';
import { addForwardAuth } from '../http/routes/forward-auth/route.ts';
import { originOf } from '../http/input/auth-request.ts';
import {
  sessionEndpointRefusals,
  ticketEndpointRefusals,
} from '../http/output/websocket-refusal-docs.ts';
import {
  createConnectionLimit,
  withoutReply,
  type CountFailure,
} from '../rate-limit/request-limits.ts';
import type { CredentialsOf } from '../http/input/credentials.ts';
import { RequestProblem } from '../http/output/problem.ts';
import { generalResponses } from '../http/output/refusal-response.ts';
import { createConnectionRateLimiter } from '../rate-limit/connection-rate-limiter.ts';
import { createMemoryRateLimiter } from '../rate-limit/memory-limits.ts';

/** Adds the configured WebSocket endpoints, and forward-auth for those behind another proxy, to the public server. */
export function addWebSockets(
  server: FastifyInstance,
  config: Config,
  deps: Deps &
    RuntimeDeps & { readonly credentialsOf: CredentialsOf; readonly countFailure: CountFailure },
): void {
  const { webSockets, sessions, limits } = config;
  const { now, startTimer, live, countFailure, reportLimitExceeded } = deps;
  const { countUnavailable, trafficMetrics } = deps;
  trafficMetrics.observeOpen(live.byTenant);
  const { limits: limiter, shared } = deps.stores.limiting;
  const perMinute = limits.connections;
  const connectionRateLimiter = createConnectionRateLimiter({
    limits: limiter,
    perMinute,
    startTimer,
  });
  const unread = ({ status, message, headers }: HandshakeFault) =>
    new RequestProblem(status, message, headers);
  const endpoints = createWebSocketEndpoints(server, { ...webSockets, startTimer, unread });
  const sessionDeps = {
    ...webSockets,
    now,
    startTimer,
    live,
    originOf,
    reportLimitExceeded,
    isStillAllowed: async (principal: Principal) =>
      !isRevoked(principal, await deps.revocations.latest(subjectsOf(principal))),
    countUnavailable,
    measureTraffic: trafficMetrics.measureTraffic,
    countConnection: createConnectionLimit(connectionRateLimiter, reportLimitExceeded),
    countMessage: createMessageLimit({
      perMinute: limits.messages,
      rates: createMemoryRateLimiter(),
      shared,
      now,
    }),
  };
  addForwardAuth(server, { ...deps, countConnection: sessionDeps.countConnection });
  addTicketEndpoint(endpoints, {
    ...sessionDeps,
    checkTicket: (attempt) => checkTicket(attempt, deps),
    redeemTicket: (attempt) => redeemTicket(attempt, deps),
    newId: createTimeOrderedId(now),
    countFailure: withoutReply(countFailure),
    refusals: ticketEndpointRefusals,
  });
  addSessionEndpoints(endpoints, {
    ...deps,
    ...sessionDeps,
    withLentPermit: withoutPermit,
    sendError,
    sendRefusal: (request, reply, refusal) =>
      sendRefusal([request, reply], refusal, { responses: generalResponses, countFailure }),
    refusals: sessionEndpointRefusals,
    upstreamOf: (door) => doorUpstream({ door, policy: deps.policy() }, config),
    cookieName: sessions && onlyCookieName(sessions),
  });
}

/** Listens for revocations of all replicas and closes the WebSockets of this process that they affect. */
export function listenForRevocations(deps: Omit<RuntimeDeps, 'closing'>): Listener {
  const { storage, stores, live, log } = deps;
  const onRevocation = (revocation: StoredRevocation): void => {
    const connections = live.close(revocation);
    if (connections > 0) log.info({ connections }, 'WebSockets closed by a revocation');
  };
  return startListening({
    ...deps,
    url: storage.databaseUrl,
    onChange: onRevocation,
    catchUp: async (periodMs) => {
      for (const each of await stores.revocations.within(periodMs)) onRevocation(each);
    },
  });
}
