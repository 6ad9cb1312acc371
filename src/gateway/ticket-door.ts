import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { RedeemTicket } from '../actions/redeem-ticket.ts';
import type { Origin } from '../core/audit-event.ts';
import type { RedeemRefusalCode, TicketHolder } from '../core/ticket.ts';
import { Unavailable } from '../core/unavailable.ts';
import type { Responses } from '../openapi/operation.ts';
import { admit, type AdmitPorts } from './admit.ts';
import type { Connection } from './connection.ts';
import { ticketDoorDocs } from './door-docs.ts';
import type { Doorway } from './doorway.ts';
import { endings, type Ending } from './endings.ts';
import { identityHeaders } from './identity-headers.ts';
import type { Recheck } from './keep-watch.ts';
import {
  authenticationError,
  authenticationSuccess,
  parseTicketMessage,
  type AuthenticationFault,
} from './ticket-messages.ts';

/** Whom the door asks. */
export interface TicketDoorPorts extends AdmitPorts {
  readonly redeemTicket: RedeemTicket;
  readonly originOf: (request: FastifyRequest) => Origin;
  readonly newId: () => string;
  /** Counts an attempt to connect; throws what the server answers when there are too many. */
  readonly countConnection: (request: FastifyRequest) => Promise<() => Promise<void>>;
  readonly countFailure: (request: FastifyRequest) => Promise<void>;
  /** The chat server, where it stands behind this door. */
  readonly chatServer: URL | undefined;
  /** How the server answers a handshake that it refuses. */
  readonly refusals: Responses;
}

/** How long a client may take to show its ticket, in milliseconds. */
const authenticationTime = 10_000;

/**
 * Adds `GET /ws`, whose first message is a ticket. A page of any origin may open it: no browser sends a ticket by itself,
 * so there is nothing that a foreign page could use.
 */
export function addTicketDoor(doorway: Doorway, ports: TicketDoorPorts): void {
  doorway.addDoor('/ws', ticketDoorDocs(ports.refusals), async (request, reply) => {
    const giveBack = await ports.countConnection(request);
    const from = { origin: ports.originOf(request), log: request.log, request, giveBack };
    doorway.open(request, reply, (connection) => {
      letIn(connection, from, ports).catch((error: unknown) => {
        from.log.error({ err: error }, 'bug');
        connection.end(endings.bug);
      });
    });
    return reply;
  });
}

interface Arrival {
  readonly origin: Origin;
  readonly log: FastifyBaseLogger;
  readonly request: FastifyRequest;
  /** Gives the attempt to connect back. */
  readonly giveBack: () => Promise<void>;
}

async function letIn(
  connection: Connection,
  arrival: Arrival,
  ports: TicketDoorPorts,
): Promise<void> {
  const ticket = await askForTicket(connection, ports);
  if (ticket === undefined) return;
  const redeemed = await redeem(ticket, arrival, ports);
  const isProved = !('fault' in redeemed);
  // Nor does it count against its address that we could not find out.
  if (isProved || redeemed.ending !== undefined) await arrival.giveBack();
  else noteFailure(arrival, ports);
  if (!isProved) {
    refuse(connection, redeemed.fault, redeemed.ending);
    return;
  }
  const { origin, log } = arrival;
  const { user: principal, ...about } = redeemed;
  const sessionId = ports.newId();
  connection.send(authenticationSuccess(sessionId, redeemed));
  const upstream = ports.chatServer && {
    url: ports.chatServer,
    headers: identityHeaders({ principal, sessionId, about }),
  };
  const recheck: Recheck = async () =>
    (await ports.stillWelcome(principal))
      ? { expiresAt: principal.expiresAt }
      : { ending: endings.accessEnded };
  admit(connection, { principal, sessionId, origin, recheck, upstream, log }, ports);
}

/** Counts a bad ticket against its address; the client is told of the ticket, and waits for nothing else. */
function noteFailure({ request, log }: Arrival, { countFailure }: TicketDoorPorts): void {
  countFailure(request).catch((error: unknown) => {
    log.warn({ err: error }, 'could not record that a limit was exceeded');
  });
}

/** The ticket in the first message; without one in time the connection ends. */
async function askForTicket(
  connection: Connection,
  { startTimer }: TicketDoorPorts,
): Promise<string | undefined> {
  const stop = startTimer(authenticationTime, () => {
    connection.end(endings.authenticationTimeout);
  });
  connection.onEnd(stop);
  const message = await connection.take();
  stop();
  if (message === undefined) return undefined;
  const ticket = parseTicketMessage(message);
  if (ticket === undefined) refuse(connection, 'Authentication required');
  return ticket;
}

type Redeemed = TicketHolder | { readonly fault: AuthenticationFault; readonly ending?: Ending };

async function redeem(
  ticket: string,
  { origin, log }: Pick<Arrival, 'origin' | 'log'>,
  { redeemTicket, countUnavailable }: TicketDoorPorts,
): Promise<Redeemed> {
  try {
    const decision = await redeemTicket({ ticket, redeemer: 'gateway', origin });
    return decision.outcome === 'grant' ? decision.holder : { fault: faults[decision.code] };
  } catch (error) {
    const isOutage = error instanceof Unavailable;
    if (isOutage) countUnavailable(error);
    log[isOutage ? 'warn' : 'error']({ err: error }, 'could not redeem a ticket');
    const ending = isOutage ? endings.unavailable : endings.bug;
    return { fault: 'Authentication failed', ending };
  }
}

function refuse(
  connection: Connection,
  fault: AuthenticationFault,
  ending: Ending = endings.authenticationFailed,
): void {
  connection.send(authenticationError(fault));
  connection.end(ending);
}

/** What the client is told. Whether a ticket was spent, revoked or never there is nobody's business. */
const faults: Readonly<Record<RedeemRefusalCode, AuthenticationFault>> = {
  'ticket-unknown': 'Invalid or expired ticket',
  'ticket-replayed': 'Invalid or expired ticket',
  'ticket-of-other-server': 'Invalid or expired ticket',
  'ticket-expired': 'Ticket has expired',
  revoked: 'Invalid or expired ticket',
  'server-key-missing': 'Authentication failed',
  'server-key-rejected': 'Authentication failed',
};
