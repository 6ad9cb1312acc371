import type { FastifyRequest } from 'fastify';
import type { Responses } from '../http/openapi/operation.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { ticketEndpointDocs } from './endpoint-docs.ts';
import type { Revalidate } from './revalidation.ts';
import type { WebSocketEndpoints } from './server.ts';
import { startSession, type SessionDeps } from './session.ts';
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

export interface TicketEndpointDeps extends SessionDeps, TicketAuthenticationDeps {
  /** Counts a connection attempt and resolves to its refund. Throws the error response over the limit. */
  readonly countConnection: (request: FastifyRequest) => Promise<() => Promise<void>>;
  readonly countFailure: (request: FastifyRequest) => Promise<void>;
  /** OpenAPI of the error responses. */
  readonly refusals: Responses;
}

const authenticationTimeoutMs = 10_000;

const endpoint = '/ws';

/**
 * Adds `GET /ws`, where the first message is a ticket. Pages of any origin may open it: browsers do not send tickets by
 * themselves, so a foreign page has no credential to abuse.
 */
export function addTicketEndpoint(webSockets: WebSocketEndpoints, deps: TicketEndpointDeps): void {
  // A ticket sent on many sockets at the same time must not open as many connections to the chat server.
  const queue = createKeyedQueue();
  const docs = ticketEndpointDocs(deps.refusals);
  webSockets.addEndpoint(
    endpoint,
    { docs, action: 'redeem-ticket' },
    async (request, reply, { protocols }) => {
      const refund = await deps.countConnection(request);
      // Selected before the chat server is connected, which must then select the same.
      const [protocol] = protocols;
      const authenticate = async (connection: Connection): Promise<void> => {
        const ticket = await receiveTicket(connection, request, deps);
        if (ticket === undefined) return;
        await queue(ticket, async () => {
          const attempt: TicketAttempt = { connection, request, ticket, protocol };
          const result = await authenticateTicket(attempt, deps);
          if ('fault' in result && result.isClientFault) countFailedAttempt(request, deps);
          // An outage does not count against the address.
          else await refund();
          if ('fault' in result) refuse(connection, result);
          else startTicketSession(attempt, result, deps);
        });
      };
      webSockets.open(request, reply, {
        protocol,
        then: (connection) => {
          authenticate(connection).catch((error: unknown) => {
            request.log.error({ err: error }, 'unhandled error');
            connection.close(closeCodes.unhandledError);
          });
        },
      });
      return reply;
    },
  );
}

/** Counts a bad ticket against its address. The client does not wait for it. */
function countFailedAttempt(request: FastifyRequest, { countFailure }: TicketEndpointDeps): void {
  countFailure(request).catch((error: unknown) => {
    request.log.warn({ err: error }, 'could not record that a limit was exceeded');
  });
}

/** The ticket in the first message. If there is none within the timeout, the connection is closed. */
async function receiveTicket(
  connection: Connection,
  { log }: FastifyRequest,
  { startTimer }: TicketEndpointDeps,
): Promise<string | undefined> {
  const stop = startTimer(authenticationTimeoutMs, () => {
    log.info('WebSocket closed: it sent no ticket in time');
    connection.close(closeCodes.authenticationTimeout);
  });
  connection.onClose(stop);
  const message = await connection.next();
  stop();
  if (message === undefined) return undefined;
  const ticket = parseTicketMessage(message);
  if (ticket === undefined) {
    log.info('WebSocket closed: its first message is not a ticket');
    refuse(connection, { fault: 'Authentication required' });
  }
  return ticket;
}

function refuse(
  connection: Connection,
  {
    fault,
    closeCode = closeCodes.authenticationFailed,
  }: Pick<RejectedTicket, 'fault' | 'closeCode'>,
): void {
  connection.send(authenticationError(fault));
  connection.close(closeCode);
}

function startTicketSession(
  { connection, request }: TicketAttempt,
  { holder, sessionId, server }: AuthenticatedTicket,
  deps: TicketEndpointDeps,
): void {
  const { user: principal } = holder;
  connection.send(authenticationSuccess(sessionId, holder));
  const revalidate: Revalidate = async () =>
    (await deps.isStillAllowed(principal))
      ? { expiresAt: principal.expiresAt }
      : { closeCode: closeCodes.accessRevoked };
  const [origin, { log }] = [deps.originOf(request), request];
  const session = { endpoint, principal, sessionId, origin, revalidate, server, log };
  startSession(connection, session, deps);
}

/** Runs an operation after all earlier operations with the same key have settled. */
type KeyedQueue = <T>(key: string, run: () => Promise<T>) => Promise<T>;

function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<unknown>>();
  return async (key, run) => {
    const previous = last.get(key);
    const current = previous === undefined ? run() : previous.then(run, run);
    last.set(key, current);
    try {
      return await current;
    } finally {
      if (last.get(key) === current) last.delete(key);
    }
  };
}
