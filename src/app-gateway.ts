import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Deps, Surroundings } from './app-deps.ts';
import { checkTicket, redeemTicket } from './authorize/redeem-ticket.ts';
import { isStillAllowed } from './authorize/still-allowed.ts';
import type { Config } from './config/load.ts';
import type { Principal } from './core/principal.ts';
import { createDoorway } from './gateway/doorway.ts';
import type { HandshakeFault } from './gateway/handshake.ts';
import { createMessageLimit } from './gateway/message-limit.ts';
import { addSessionDoors } from './gateway/session-doors.ts';
import { addTicketDoor } from './gateway/ticket-door.ts';
import { sendRefusal } from './http/answer.ts';
import { sendError } from './http/errors.ts';
import { originOf } from './http/asker.ts';
import { sessionDoorRefusals, ticketDoorRefusals } from './http/door-docs.ts';
import { createConnectionLimit, withoutReply, type CountFailure } from './http/limits.ts';
import type { Present } from './http/present.ts';
import { RequestProblem } from './http/problem.ts';
import { generalReplies } from './http/refusal-reply.ts';
import { createTurnstile } from './http/turnstile.ts';
import { createMemoryRates } from './stores/memory-rates.ts';

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
