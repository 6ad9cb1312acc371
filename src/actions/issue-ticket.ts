import type { Origin, RecordDecision } from '../core/audit-event.ts';
import type { ChatServers } from '../core/chat-servers.ts';
import type { PresentedCredential } from '../core/credential.ts';
import type { Judged } from '../core/decision.ts';
import { tenantOf } from '../core/principal.ts';
import { hashTicket, ticketBytes, writeTicket } from '../core/ticket-text.ts';
import {
  refuseTicket,
  type IssueDecision,
  type TicketHolder,
  type TicketStore,
} from '../core/ticket.ts';
import { establishPrincipal, ofTenant, type EstablishPorts } from './establish-principal.ts';

/** Whom this action asks. */
export interface IssueTicketPorts extends EstablishPorts {
  readonly chatServers: ChatServers;
  readonly tickets: TicketStore;
  readonly record: RecordDecision;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  /** How long a ticket lives at most, in milliseconds. */
  readonly lifetime: number;
}

/** Somebody asks for a ticket. */
export interface TicketRequest {
  readonly credentials: readonly PresentedCredential[];
  /** The key id of the chat server that the ticket is for. */
  readonly serverKey: string | undefined;
  /** Whom the ticket is for; the one who asks, where it is left out. */
  readonly userId: string | undefined;
  /** What the talk will be about, in the page's own words. */
  readonly about: Pick<TicketHolder, 'entityId' | 'entityType' | 'providerResId'>;
  readonly origin: Origin;
}

/** Gives a user a ticket. Throws `Unavailable` when that could not be done. */
export type IssueTicket = (request: TicketRequest) => Promise<IssueDecision>;

/** The one place where tickets are issued; every decision is recorded before it leaves. */
export function createIssueTicket(ports: IssueTicketPorts): IssueTicket {
  return async (request) => {
    const decision = await decide(request, ports);
    await ports.record(decision, request.origin);
    return decision;
  };
}

async function decide(request: TicketRequest, ports: IssueTicketPorts): Promise<IssueDecision> {
  const unread: Judged = { id: ports.newId(), action: 'issue-ticket', checks: [] };
  const { serverKey } = request;
  if (request.credentials.length === 0) return refuseTicket(unread, 'credential-missing');
  if (serverKey === undefined) return refuseTicket(unread, 'server-key-missing');
  if (!ports.chatServers.knows(serverKey)) return refuseTicket(unread, 'server-key-rejected');

  const established = await establishPrincipal(request.credentials, ports);
  if ('code' in established) {
    return refuseTicket({ ...unread, ...established.known }, established.code);
  }
  const { principal } = established;
  const known = { ...unread, principal, ...ofTenant(tenantOf(principal)) };
  if (principal.kind !== 'user') return refuseTicket(known, 'wrong-kind');
  if (request.userId !== undefined && request.userId !== principal.userId) {
    return refuseTicket(known, 'wrong-user');
  }
  const ticket = writeTicket(ports.randomBytes(ticketBytes));
  // Never longer than the token behind it, or a ticket would be a way to stay on.
  const expiresAt = Math.min(ports.now() + ports.lifetime, principal.expiresAt);
  await ports.tickets.put(hashTicket(ticket), {
    user: principal,
    serverKey,
    ...request.about,
    expiresAt,
  });
  return { ...known, outcome: 'grant', action: 'issue-ticket', principal, ticket, expiresAt };
}
