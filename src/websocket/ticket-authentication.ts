import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Origin } from '../audit/audit-event.ts';
import type { Presentation } from '../authorize/tickets/redeem-ticket.ts';
import type {
  RedeemDecision,
  RedeemRefusalCode,
  TicketHolder,
} from '../authorize/tickets/ticket.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { closeCodes, type CloseCode } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { closeWithClient } from './join-upstream.ts';
import type { AuthenticationFault } from './ticket-messages.ts';
import { forwardedHeaders, identityHeaders } from './upstream-headers.ts';
import { dialUpstream, type DialDeps } from './upstream.ts';

/** Checks or redeems a ticket. Throws `Unavailable`. */
export type RedeemTicket = (presentation: Presentation) => Promise<RedeemDecision>;

export interface TicketAuthenticationDeps extends DialDeps {
  /** Validates a ticket without redeeming it. */
  readonly checkTicket: RedeemTicket;
  readonly redeemTicket: RedeemTicket;
  readonly originOf: (request: FastifyRequest) => Origin;
  readonly newId: () => string;
  readonly countUnavailable: (error: Unavailable) => void;
  /** `undefined` without a chat server behind this endpoint. */
  readonly chatServer: URL | undefined;
  /** Whether the chat server receives the client's `Host`. */
  readonly preserveHost: boolean;
}

export interface TicketAttempt {
  readonly connection: Connection;
  readonly request: FastifyRequest;
  readonly ticket: string;
  /** The subprotocol in the response to the client's handshake. */
  readonly protocol: string | undefined;
}

/** A redeemed ticket. */
export interface AuthenticatedTicket {
  readonly holder: TicketHolder;
  readonly sessionId: string;
  /** The open connection to the chat server. */
  readonly server: WebSocket | undefined;
}

export interface RejectedTicket {
  readonly fault: AuthenticationFault;
  readonly closeCode?: CloseCode;
  /** True for a bad ticket, which counts against the address. */
  readonly isClientFault: boolean;
}

/**
 * Checks a ticket, connects to the chat server, and redeems the ticket only when the connection is open, so that the
 * client can use it again if the connection fails.
 */
export async function authenticateTicket(
  attempt: TicketAttempt,
  deps: TicketAuthenticationDeps,
): Promise<AuthenticatedTicket | RejectedTicket> {
  const sessionId = deps.newId();
  const { chatServer } = deps;
  let server: WebSocket | undefined;
  if (chatServer !== undefined) {
    const checked = await redeem(deps.checkTicket, attempt, deps);
    if ('fault' in checked) return checked;
    const dialled = await dial(attempt, { chatServer, sessionId, holder: checked }, deps);
    if ('fault' in dialled) return dialled;
    ({ server } = dialled);
  }
  // The client has disconnected, so the ticket is not redeemed.
  if (!attempt.connection.isOpen()) return rejectedWith(closeCodes.goingAway);
  const holder = await redeem(deps.redeemTicket, attempt, deps);
  return 'fault' in holder ? holder : { holder, sessionId, server };
}

async function dial(
  { connection, request, protocol }: TicketAttempt,
  to: { readonly chatServer: URL; readonly sessionId: string; readonly holder: TicketHolder },
  deps: TicketAuthenticationDeps,
): Promise<{ readonly server: WebSocket } | RejectedTicket> {
  const { log } = request;
  const { user: principal, ...about } = to.holder;
  const { address } = deps.originOf(request);
  const headers = {
    ...forwardedHeaders(request, { address, preserveHost: deps.preserveHost }),
    ...identityHeaders({ principal, sessionId: to.sessionId, about }),
  };
  const gone = new AbortController();
  connection.onClose(() => {
    gone.abort();
  });
  try {
    const dialled = await dialUpstream(
      { url: to.chatServer, headers },
      { ...deps, protocols: protocol === undefined ? [] : [protocol], signal: gone.signal },
    );
    if ('fault' in dialled) {
      log.warn(dialled.fault, 'chat server did not accept the WebSocket');
      const isRefused = dialled.fault.kind === 'refused';
      return rejectedWith(isRefused ? closeCodes.upstreamRefused : closeCodes.upstreamFailed);
    }
    closeWithClient(connection, dialled.server, deps);
    if (dialled.protocol !== protocol) {
      log.warn('chat server did not select the subprotocol of the handshake response');
      return rejectedWith(closeCodes.upstreamRefused);
    }
    return dialled;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ err: error }, 'chat server unreachable');
    return rejectedWith(closeCodes.upstreamFailed);
  }
}

/** The ticket is not at fault and can be used again. */
const rejectedWith = (closeCode: CloseCode): RejectedTicket => ({
  fault: 'Authentication failed',
  closeCode,
  isClientFault: false,
});

async function redeem(
  redeemTicket: RedeemTicket,
  { ticket, request }: TicketAttempt,
  { originOf, countUnavailable }: TicketAuthenticationDeps,
): Promise<TicketHolder | RejectedTicket> {
  try {
    const decision = await redeemTicket({ ticket, redeemer: 'gateway', origin: originOf(request) });
    if (decision.outcome === 'grant') return decision.holder;
    return { fault: faults[decision.code], isClientFault: true };
  } catch (error) {
    const isOutage = error instanceof Unavailable;
    if (isOutage) countUnavailable(error);
    request.log[isOutage ? 'warn' : 'error']({ err: error }, 'could not redeem a ticket');
    return rejectedWith(isOutage ? closeCodes.unavailable : closeCodes.unhandledError);
  }
}

/** The message to the client. It does not reveal whether a ticket was redeemed, revoked or unknown. */
const faults: Readonly<Record<RedeemRefusalCode, AuthenticationFault>> = {
  'ticket-unknown': 'Invalid or expired ticket',
  'ticket-replayed': 'Invalid or expired ticket',
  'ticket-of-other-server': 'Invalid or expired ticket',
  'ticket-expired': 'Ticket has expired',
  revoked: 'Invalid or expired ticket',
  'server-key-missing': 'Authentication failed',
  'server-key-rejected': 'Authentication failed',
};
