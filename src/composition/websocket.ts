import type { FastifyInstance } from 'fastify';
import type { Deps, RuntimeDeps } from './deps.ts';
import { checkTicket, redeemTicket } from '../authorize/tickets/redeem-ticket.ts';
import { isRevoked, subjectsOf } from '../authorize/revocation/revocation.ts';
import type { StoredRevocation } from '../authorize/revocation/revocation.ts';
import { startListening, type Listener } from '../database/notifications/listener.ts';
import type { Config } from '../config/load.ts';
import { onlyCookieName } from '../config/sessions.ts';
import type { DoorPolicy } from '../policy/policy.ts';
import type { Principal } from '../policy/principal.ts';
import { askDirectly } from '../runtime/permits.ts';
import { StartRefused } from '../runtime/start-refused.ts';
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
  { webSockets, sessions, limits, variable }: Config,
  deps: Deps &
    RuntimeDeps & { readonly credentialsOf: CredentialsOf; readonly countFailure: CountFailure },
): void {
  const upstreamOf = (door: DoorPolicy) => doorUpstream(door, { webSockets, variable });
  // An invalid address stops the start.
  for (const door of deps.policy().doors.values()) upstreamOf(door);
  const { now, startTimer, live, countFailure, reportExcess } = deps;
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
    ...{ ...webSockets, now, startTimer, live, originOf, reportExcess },
    isStillAllowed: async (principal: Principal) =>
      !isRevoked(principal, await deps.revocations.latest(subjectsOf(principal))),
    ...{ countUnavailable, measureTraffic: trafficMetrics.measureTraffic },
    countConnection: createConnectionLimit(connectionRateLimiter, reportExcess),
    countMessage: createMessageLimit({
      ...{ perMinute: limits.messages, rates: createMemoryRateLimiter(), shared, now },
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
  if (sessions === undefined) return;
  addSessionEndpoints(endpoints, {
    ...deps,
    ...sessionDeps,
    whileAsking: askDirectly,
    sendError,
    sendRefusal: (request, reply, refusal) =>
      sendRefusal([request, reply], refusal, { responses: generalResponses, countFailure }),
    refusals: sessionEndpointRefusals,
    upstreamOf,
    cookieName: onlyCookieName(sessions),
  });
}

/** The server behind a door; `undefined` if its variable is not set. Throws `StartRefused` for an invalid address. */
function doorUpstream(
  { upstream: { env } }: DoorPolicy,
  { webSockets, variable }: Pick<Config, 'webSockets' | 'variable'>,
): URL | undefined {
  if (env === 'SESSION_WS_UPSTREAM' && webSockets.host !== undefined) return webSockets.host;
  const text = variable(env) ?? '';
  if (text === '') return undefined;
  if (!/^wss?:\/\//.test(text) || !URL.canParse(text)) {
    throw new StartRefused(`${env} must be an address that begins with ws:// or wss://`);
  }
  return new URL(text);
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
