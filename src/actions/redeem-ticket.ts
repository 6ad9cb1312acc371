import type { Origin, RecordDecision } from '../core/audit-event.ts';
import type { ChatServers } from '../core/chat-servers.ts';
import type { Judged } from '../core/decision.ts';
import { isRevoked, subjectsOf, type RevocationStore } from '../core/revocation.ts';
import type { Secret } from '../core/secret.ts';
import { hashTicket, parseTicket } from '../core/ticket-text.ts';
import {
  refuseTicket,
  type RedeemDecision,
  type RedeemRefusalCode,
  type TakenTicket,
  type TicketStore,
} from '../core/ticket.ts';
import { ofTenant } from './establish-principal.ts';

/** Whom this action asks. */
export interface RedeemTicketPorts {
  readonly chatServers: ChatServers;
  readonly tickets: TicketStore;
  readonly revocations: Pick<RevocationStore, 'latest'>;
  readonly record: RecordDecision;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Who redeems: our own WebSocket door, which serves every chat server, or a chat server with what it showed of itself. */
export type Redeemer =
  'gateway' | { readonly key: string | undefined; readonly secret: Secret | undefined };

/** A ticket is presented. */
export interface Presentation {
  /** As it came. */
  readonly ticket: string;
  readonly redeemer: Redeemer;
  readonly origin: Origin;
}

/** Spends a ticket and says whose it was. Throws `Unavailable` when that could not be found out; it may be spent then. */
export type RedeemTicket = (presentation: Presentation) => Promise<RedeemDecision>;

/** The one place where tickets are redeemed; every decision is recorded before it leaves. */
export function createRedeemTicket(ports: RedeemTicketPorts): RedeemTicket {
  return async (presentation) => {
    const decision = await decide(presentation, ports, ports.tickets.take);
    await ports.record(decision, presentation.origin);
    return decision;
  };
}

/**
 * Says whether a ticket could be redeemed now, and spends nothing. Only a refusal is recorded: a ticket that is good may
 * still fail to be redeemed, and a grant in the trail would not be true.
 */
export function createCheckTicket(ports: RedeemTicketPorts): RedeemTicket {
  return async (presentation) => {
    const decision = await decide(presentation, ports, ports.tickets.find);
    if (decision.outcome === 'refusal') await ports.record(decision, presentation.origin);
    return decision;
  };
}

async function decide(
  { ticket: text, redeemer }: Presentation,
  ports: RedeemTicketPorts,
  read: TicketStore['take'],
): Promise<RedeemDecision> {
  const unread: Judged = { id: ports.newId(), action: 'redeem-ticket', checks: [] };
  const stranger = strangerCode(redeemer, ports.chatServers);
  // Before the ticket is touched: a stranger must not be able to spend it.
  if (stranger !== undefined) return refuseTicket(unread, stranger);
  const ticket = parseTicket(text);
  const taken = ticket && (await read(hashTicket(ticket)));
  if (taken === undefined) return refuseTicket(unread, 'ticket-unknown');

  const { holder } = taken;
  const principal = holder.user;
  const known = { ...unread, principal, ...ofTenant(principal.tenantId) };
  const code = ticketFault(taken, redeemer, ports.now());
  if (code !== undefined) return refuseTicket(known, code);
  if (isRevoked(principal, await ports.revocations.latest(subjectsOf(principal)))) {
    return refuseTicket(known, 'revoked');
  }
  return { ...known, outcome: 'grant', action: 'redeem-ticket', principal, holder };
}

function strangerCode(redeemer: Redeemer, servers: ChatServers): RedeemRefusalCode | undefined {
  if (redeemer === 'gateway') return undefined;
  const { key, secret } = redeemer;
  if (key === undefined || secret === undefined) return 'server-key-missing';
  return servers.accepts(key, secret) ? undefined : 'server-key-rejected';
}

/**
 * What is wrong with a ticket that exists. Its end comes first: presented again after that, it is no replay, since
 * nobody may have redeemed it.
 */
function ticketFault(
  { holder, first }: TakenTicket,
  redeemer: Redeemer,
  now: number,
): RedeemRefusalCode | undefined {
  if (holder.expiresAt <= now) return 'ticket-expired';
  if (!first) return 'ticket-replayed';
  const isForAnother = redeemer !== 'gateway' && redeemer.key !== holder.serverKey;
  return isForAnother ? 'ticket-of-other-server' : undefined;
}
