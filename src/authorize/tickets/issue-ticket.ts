import type { Origin, WriteDecision } from '../../audit/audit-event.ts';
import type { ChatServers } from '../../authn/chat-servers.ts';
import type { Credential } from '../../authn/credential.ts';
import type { DecisionBase } from '../../policy/decision.ts';
import { authenticate, ofTenant, type AuthenticateDeps } from '../authenticate.ts';
import type { Measure } from '../measure.ts';
import {
  refuseTicket,
  type IssueDecision,
  type TicketHolder,
  type TicketStore,
  hashTicket,
  ticketBytes,
  formatTicket,
} from './ticket.ts';

export interface IssueTicketDeps extends AuthenticateDeps {
  readonly chatServers: ChatServers;
  readonly tickets: TicketStore;
  readonly writeDecision: WriteDecision;
  readonly now: () => number;
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The maximum lifetime of a ticket. */
  readonly ticketLifetimeMs: number;
  readonly measure: Measure;
}

export interface TicketRequest {
  readonly credentials: readonly Credential[];
  /** The key id of the chat server that the ticket is for. */
  readonly serverKey: string | undefined;
  /** The user of the ticket; by default the principal. */
  readonly userId: string | undefined;
  /** The subject of the conversation, in the page's own ids. */
  readonly about: Pick<TicketHolder, 'entityId' | 'entityType' | 'providerResId'>;
  readonly origin: Origin;
}

/** Issues a ticket to a user. The decision is in the audit log when this resolves. Throws `Unavailable`. */
export function issueTicket(request: TicketRequest, deps: IssueTicketDeps): Promise<IssueDecision> {
  return deps.measure('issue-ticket', async () => {
    const decision = await decide(request, deps);
    await deps.writeDecision(decision, request.origin);
    return decision;
  });
}

async function decide(request: TicketRequest, deps: IssueTicketDeps): Promise<IssueDecision> {
  const attempt: DecisionBase = { id: deps.newId(), action: 'issue-ticket', checks: [] };
  const { serverKey } = request;
  if (request.credentials.length === 0) return refuseTicket(attempt, 'credential-missing');
  if (serverKey === undefined) return refuseTicket(attempt, 'server-key-missing');
  if (!deps.chatServers.has(serverKey)) return refuseTicket(attempt, 'server-key-rejected');

  const authenticated = await authenticate(request.credentials, deps);
  if ('code' in authenticated) {
    return refuseTicket({ ...attempt, ...authenticated.known }, authenticated.code);
  }
  const { principal, checks } = authenticated;
  const known = { ...attempt, checks, principal, ...ofTenant(principal.tenantId) };
  if (principal.kind !== 'user') return refuseTicket(known, 'wrong-kind');
  if (request.userId !== undefined && request.userId !== principal.id) {
    return refuseTicket(known, 'wrong-user');
  }
  const ticket = formatTicket(deps.randomBytes(ticketBytes));
  // Never longer than the token behind it: a ticket must not extend access.
  const expiresAt = Math.min(deps.now() + deps.ticketLifetimeMs, principal.expiresAt);
  await deps.tickets.put(hashTicket(ticket), {
    user: principal,
    serverKey,
    ...request.about,
    expiresAt,
  });
  return { ...known, outcome: 'grant', action: 'issue-ticket', principal, ticket, expiresAt };
}
