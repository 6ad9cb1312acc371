import type { FastifyRequest } from 'fastify';
import type { Responses } from '../http/openapi/operation.ts';
import { startSession, type SessionDeps } from './authorize-upgrade.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { ticketEndpointDocs } from './endpoint-docs.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import type { Revalidate } from './revalidation.ts';
import type { WebSocketEndpoints } from './server.ts';
import {
  authenticateTicket,
  type AuthenticatedTicket,
  type TicketAuthenticationDeps,
  type RejectedTicket,
  type TicketAttempt,
} from './ticket-authentication.ts';
import {
  authenticationError,
  authenticationSuccess,
  parseTicketMessage,
} from './ticket-messages.ts';

/** Whom the door asks. */
export interface TicketEndpointDeps extends SessionDeps, TicketAuthenticationDeps {
  /** Counts an attempt to connect; throws what the server answers when there are too many. */
  readonly countConnection: (request: FastifyRequest) => Promise<() => Promise<void>>;
  readonly countFailure: (request: FastifyRequest) => Promise<void>;
  /** How the server answers a handshake that it refuses. */
  readonly refusals: Responses;
}

/** How long a client may take to show its ticket, in milliseconds. */
const authenticationTimeoutMs = 10_000;

/**
 * Adds `GET /ws`, whose first message is a ticket. A page of any origin may open it: no browser sends a ticket by itself,
 * so there is nothing that a foreign page could use.
 */
export function addTicketEndpoint(webSockets: WebSocketEndpoints, deps: TicketEndpointDeps): void {
  // One ticket in many sockets at once must not open as many connections to the chat server.
  const queue = createKeyedQueue();
  const docs = ticketEndpointDocs(deps.refusals);
  webSockets.addEndpoint(
    '/ws',
    { docs, action: 'redeem-ticket' },
    async (request, reply, { protocols }) => {
      const refund = await deps.countConnection(request);
      // The chat server is asked once the client has shown its ticket, and must agree to what was promised here.
      const [protocol] = protocols;
      const authenticate = async (connection: Connection): Promise<void> => {
        const ticket = await receiveTicket(connection, deps);
        if (ticket === undefined) return;
        await queue(ticket, async () => {
          const attempt: TicketAttempt = { connection, request, ticket, protocol };
          const result = await authenticateTicket(attempt, deps);
          if ('fault' in result && result.isOwnFault) countFailedAttempt(request, deps);
          // Neither does it count against its address that we could not find out.
          else await refund();
          if ('fault' in result) refuse(connection, result);
          else startTicketSession(attempt, result, deps);
        });
      };
      webSockets.open(request, reply, {
        protocol,
        then: (connection) => {
          authenticate(connection).catch((error: unknown) => {
            request.log.error({ err: error }, 'bug');
            connection.close(closeCodes.unhandledError);
          });
        },
      });
      return reply;
    },
  );
}

/** Counts a bad ticket against its address; the client is told of the ticket, and waits for nothing else. */
function countFailedAttempt(request: FastifyRequest, { countFailure }: TicketEndpointDeps): void {
  countFailure(request).catch((error: unknown) => {
    request.log.warn({ err: error }, 'could not record that a limit was exceeded');
  });
}

/** The ticket in the first message; without one in time the connection ends. */
async function receiveTicket(
  connection: Connection,
  { startTimer }: TicketEndpointDeps,
): Promise<string | undefined> {
  const stop = startTimer(authenticationTimeoutMs, () => {
    connection.close(closeCodes.authenticationTimeout);
  });
  connection.onClose(stop);
  const message = await connection.next();
  stop();
  if (message === undefined) return undefined;
  const ticket = parseTicketMessage(message);
  if (ticket === undefined) refuse(connection, { fault: 'Authentication required' });
  return ticket;
}

function refuse(
  connection: Connection,
  { fault, ending = closeCodes.authenticationFailed }: Pick<RejectedTicket, 'fault' | 'ending'>,
): void {
  connection.send(authenticationError(fault));
  connection.close(ending);
}

function startTicketSession(
  { connection, request }: TicketAttempt,
  { holder, sessionId, server }: AuthenticatedTicket,
  deps: TicketEndpointDeps,
): void {
  const { user: principal } = holder;
  connection.send(authenticationSuccess(sessionId, holder));
  const recheck: Revalidate = async () =>
    (await deps.isStillAllowed(principal))
      ? { expiresAt: principal.expiresAt }
      : { closeCode: closeCodes.accessEnded };
  const [origin, { log }] = [deps.originOf(request), request];
  startSession(connection, { principal, sessionId, origin, recheck, server, log }, deps);
}
