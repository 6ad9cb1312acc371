import type { FastifyRequest } from 'fastify';
import type { Responses } from '../http/openapi/operation.ts';
import { admit, type AdmitPorts } from './authorize-upgrade.ts';
import { endings } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { ticketDoorDocs } from './endpoint-docs.ts';
import { createInTurn } from './keyed-queue.ts';
import type { Recheck } from './revalidation.ts';
import type { Doorway } from './server.ts';
import {
  enter,
  type Entered,
  type EntryPorts,
  type Refused,
  type Showing,
} from './ticket-authentication.ts';
import {
  authenticationError,
  authenticationSuccess,
  parseTicketMessage,
} from './ticket-messages.ts';

/** Whom the door asks. */
export interface TicketDoorPorts extends AdmitPorts, EntryPorts {
  /** Counts an attempt to connect; throws what the server answers when there are too many. */
  readonly countConnection: (request: FastifyRequest) => Promise<() => Promise<void>>;
  readonly countFailure: (request: FastifyRequest) => Promise<void>;
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
  // One ticket in many sockets at once must not open as many connections to the chat server.
  const inTurn = createInTurn();
  const docs = ticketDoorDocs(ports.refusals);
  doorway.addDoor(
    '/ws',
    { docs, action: 'redeem-ticket' },
    async (request, reply, { protocols }) => {
      const giveBack = await ports.countConnection(request);
      // The chat server is asked once the client has shown its ticket, and must agree to what was promised here.
      const [protocol] = protocols;
      const letIn = async (connection: Connection): Promise<void> => {
        const ticket = await askForTicket(connection, ports);
        if (ticket === undefined) return;
        await inTurn(ticket, async () => {
          const showing: Showing = { connection, request, ticket, protocol };
          const entry = await enter(showing, ports);
          if ('fault' in entry && entry.isOwnFault) noteFailure(request, ports);
          // Neither does it count against its address that we could not find out.
          else await giveBack();
          if ('fault' in entry) refuse(connection, entry);
          else welcome(showing, entry, ports);
        });
      };
      doorway.open(request, reply, {
        protocol,
        then: (connection) => {
          letIn(connection).catch((error: unknown) => {
            request.log.error({ err: error }, 'bug');
            connection.end(endings.bug);
          });
        },
      });
      return reply;
    },
  );
}

/** Counts a bad ticket against its address; the client is told of the ticket, and waits for nothing else. */
function noteFailure(request: FastifyRequest, { countFailure }: TicketDoorPorts): void {
  countFailure(request).catch((error: unknown) => {
    request.log.warn({ err: error }, 'could not record that a limit was exceeded');
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
  if (ticket === undefined) refuse(connection, { fault: 'Authentication required' });
  return ticket;
}

function refuse(
  connection: Connection,
  { fault, ending = endings.authenticationFailed }: Pick<Refused, 'fault' | 'ending'>,
): void {
  connection.send(authenticationError(fault));
  connection.end(ending);
}

function welcome(
  { connection, request }: Showing,
  { holder, sessionId, server }: Entered,
  ports: TicketDoorPorts,
): void {
  const { user: principal } = holder;
  connection.send(authenticationSuccess(sessionId, holder));
  const recheck: Recheck = async () =>
    (await ports.isStillAllowed(principal))
      ? { expiresAt: principal.expiresAt }
      : { ending: endings.accessEnded };
  const [origin, { log }] = [ports.originOf(request), request];
  admit(connection, { principal, sessionId, origin, recheck, server, log }, ports);
}
