import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Deps, Surroundings } from './deps.ts';
import { checkTicket, redeemTicket } from '../authorize/tickets/redeem-ticket.ts';
import { isStillAllowed } from '../authorize/still-allowed.ts';
import type { Config } from '../config/load.ts';
import type { Principal } from '../policy/principal.ts';
import { createDoorway } from '../websocket/server.ts';
import type { HandshakeFault } from '../websocket/handshake.ts';
import { createMessageLimit } from '../rate-limit/message-limit.ts';
import { addSessionDoors } from '../websocket/session-endpoints.ts';
import { addTicketDoor } from '../websocket/ticket-endpoint.ts';
import { sendRefusal } from '../http/output/response.ts';
import { sendError } from '../http/output/errors.ts';
import { originOf } from '../http/input/auth-request.ts';
import { sessionDoorRefusals, ticketDoorRefusals } from '../http/output/websocket-refusal-docs.ts';
import {
  createConnectionLimit,
  withoutReply,
  type CountFailure,
} from '../rate-limit/request-limits.ts';
import type { Present } from '../http/input/credentials.ts';
import { RequestProblem } from '../http/output/problem.ts';
import { generalReplies } from '../http/output/refusal-response.ts';
import { createTurnstile } from '../rate-limit/connection-rate-limiter.ts';
import { createMemoryRates } from '../rate-limit/memory-rates.ts';

/** Adds the WebSocket doors that are configured to the public listener. */
export function addGateway(
  server: FastifyInstance,
  { webSockets, sessions, limits }: Config,
  ports: Deps & Surroundings & { readonly present: Present; readonly countFailure: CountFailure },
): void {
  const { host } = webSockets;
  const { now, startTimer, live, countFailure, reportExcess } = ports;
  const { countUnavailable, trafficMetrics } = ports;
  trafficMetrics.showOpen(live.byTenant);
  const { limits: account, shared } = ports.stores.limiting;
  const perMinute = limits.connections;
  const turnstile = createTurnstile({ limits: account, perMinute, startTimer });
  const unread = ({ status, message, headers }: HandshakeFault) =>
    new RequestProblem(status, message, headers);
  const doorway = createDoorway(server, { ...webSockets, startTimer, unread });
  const admitting = {
    ...{ ...webSockets, now, startTimer, live, originOf, reportExcess },
    isStillAllowed: (principal: Principal) => isStillAllowed(principal, ports),
    ...{ countUnavailable, measureTraffic: trafficMetrics.measureTraffic },
    countConnection: createConnectionLimit(turnstile, reportExcess),
    countMessage: createMessageLimit({
      ...{ perMinute: limits.messages, rates: createMemoryRates(), shared, now },
    }),
  };
  addTicketDoor(doorway, {
    ...admitting,
    checkTicket: (presentation) => checkTicket(presentation, ports),
    redeemTicket: (presentation) => redeemTicket(presentation, ports),
    newId: randomUUID,
    countFailure: withoutReply(countFailure),
    refusals: ticketDoorRefusals,
  });
  if (host === undefined || sessions === undefined) return;
  addSessionDoors(doorway, {
    ...ports,
    ...admitting,
    credentialsOf: ports.present,
    sendError,
    sendRefusal: (request, reply, refusal) =>
      sendRefusal([request, reply], refusal, { replies: generalReplies, countFailure }),
    refusals: sessionDoorRefusals,
    host: { url: host, cookieName: sessions.cookieName },
  });
}
