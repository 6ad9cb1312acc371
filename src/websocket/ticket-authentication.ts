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
import { endings, type Ending } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import { identityHeaders } from './identity-headers.ts';
import { endWithClient } from './join-upstream.ts';
import type { AuthenticationFault } from './ticket-messages.ts';
import { dialUpstream, type DialPorts } from './upstream.ts';

/** Checks or redeems a ticket. Throws `Unavailable`. */
export type RedeemTicket = (presentation: Presentation) => Promise<RedeemDecision>;

/** Whom an entry with a ticket asks. */
export interface EntryPorts extends DialPorts {
  /** Says whether a ticket is good, and does not spend it. */
  readonly checkTicket: RedeemTicket;
  readonly redeemTicket: RedeemTicket;
  readonly originOf: (request: FastifyRequest) => Origin;
  readonly newId: () => string;
  readonly countUnavailable: (error: Unavailable) => void;
  /** The chat server, where it stands behind this endpoint, and whether it gets the client's `Host`. */
  readonly chatServer: URL | undefined;
  readonly preserveHost: boolean;
}

/** A client that has shown a ticket. */
export interface Showing {
  readonly connection: Connection;
  readonly request: FastifyRequest;
  readonly ticket: string;
  /** The subprotocol that the client was promised. */
  readonly protocol: string | undefined;
}

/** A ticket that is spent, and the open connection to the chat server, where there is one. */
export interface Entered {
  readonly holder: TicketHolder;
  readonly sessionId: string;
  readonly server: WebSocket | undefined;
}

/** The reason of a refusal. */
export interface Refused {
  readonly fault: AuthenticationFault;
  readonly ending?: Ending;
  /** True for a bad ticket, which counts against the address. */
  readonly isOwnFault: boolean;
}

/**
 * Checks a ticket, connects to the chat server, and spends the ticket when the connection is open, not before: until then
 * it can be shown again.
 */
export async function enter(showing: Showing, ports: EntryPorts): Promise<Entered | Refused> {
  const sessionId = ports.newId();
  const { chatServer } = ports;
  let server: WebSocket | undefined;
  if (chatServer !== undefined) {
    const checked = await judge(ports.checkTicket, showing, ports);
    if ('fault' in checked) return checked;
    const dialled = await dial(showing, { chatServer, sessionId, holder: checked }, ports);
    if ('fault' in dialled) return dialled;
    ({ server } = dialled);
  }
  // The client has left, so the ticket is not spent.
  if (!showing.connection.isOpen()) return failed(endings.goingAway);
  const holder = await judge(ports.redeemTicket, showing, ports);
  return 'fault' in holder ? holder : { holder, sessionId, server };
}

async function dial(
  { connection, request, protocol }: Showing,
  to: { readonly chatServer: URL; readonly sessionId: string; readonly holder: TicketHolder },
  ports: EntryPorts,
): Promise<{ readonly server: WebSocket } | Refused> {
  const { log } = request;
  const { user: principal, ...about } = to.holder;
  const { address } = ports.originOf(request);
  const headers = {
    ...forwardedHeaders(request, { address, preserveHost: ports.preserveHost }),
    ...identityHeaders({ principal, sessionId: to.sessionId, about }),
  };
  const gone = new AbortController();
  connection.onEnd(() => {
    gone.abort();
  });
  try {
    const dialled = await dialUpstream(
      { url: to.chatServer, headers },
      { ...ports, protocols: protocol === undefined ? [] : [protocol], signal: gone.signal },
    );
    if ('fault' in dialled) {
      log.warn(dialled.fault, 'the chat server did not accept a WebSocket');
      const isRefused = dialled.fault.kind === 'refused';
      return failed(isRefused ? endings.upstreamRefused : endings.upstreamFailed);
    }
    endWithClient(connection, dialled.server, ports);
    if (dialled.protocol !== protocol) {
      log.warn('the chat server did not choose the subprotocol that was accepted for the client');
      return failed(endings.upstreamRefused);
    }
    return dialled;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    log.warn({ err: error }, 'the chat server could not be reached');
    return failed(endings.upstreamFailed);
  }
}

/** The ticket was not at fault, and can be shown again. */
const failed = (ending: Ending): Refused => ({
  ...{ fault: 'Authentication failed', ending, isOwnFault: false },
});

async function judge(
  ask: RedeemTicket,
  { ticket, request }: Showing,
  { originOf, countUnavailable }: EntryPorts,
): Promise<TicketHolder | Refused> {
  try {
    const decision = await ask({ ticket, redeemer: 'gateway', origin: originOf(request) });
    if (decision.outcome === 'grant') return decision.holder;
    return { fault: faults[decision.code], isOwnFault: true };
  } catch (error) {
    const isOutage = error instanceof Unavailable;
    if (isOutage) countUnavailable(error);
    request.log[isOutage ? 'warn' : 'error']({ err: error }, 'could not redeem a ticket');
    return failed(isOutage ? endings.unavailable : endings.bug);
  }
}

/** The message to the client. It does not reveal whether a ticket was spent, revoked or unknown. */
const faults: Readonly<Record<RedeemRefusalCode, AuthenticationFault>> = {
  'ticket-unknown': 'Invalid or expired ticket',
  'ticket-replayed': 'Invalid or expired ticket',
  'ticket-of-other-server': 'Invalid or expired ticket',
  'ticket-expired': 'Ticket has expired',
  revoked: 'Invalid or expired ticket',
  'server-key-missing': 'Authentication failed',
  'server-key-rejected': 'Authentication failed',
};
