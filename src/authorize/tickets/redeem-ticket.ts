import type { Origin, WriteDecision } from '../../audit/audit-event.ts';
import type { ChatServers } from '../../authn/chat-servers.ts';
import { check, type DecisionBase } from '../../policy/decision.ts';
import type { Secret } from '../../runtime/secret.ts';
import { ofTenant } from '../authenticate.ts';
import type { Measure } from '../measure.ts';
import { isRevoked, subjectsOf, type RevocationStore } from '../revocation/revocation.ts';
import {
  refuseTicket,
  type RedeemDecision,
  type RedeemRefusalCode,
  type ConsumedTicket,
  type TicketStore,
  hashTicket,
  parseTicket,
} from './ticket.ts';

export interface RedeemTicketDeps {
  readonly chatServers: ChatServers;
  readonly tickets: TicketStore;
  readonly revocations: Pick<RevocationStore, 'latest'>;
  readonly writeDecision: WriteDecision;
  readonly now: () => number;
  readonly newId: () => string;
  readonly measure: Measure;
}

/** Usher's WebSocket endpoint, or a chat server with the key and the secret of its request. */
type Redeemer =
  'gateway' | { readonly key: string | undefined; readonly secret: Secret | undefined };

export interface Presentation {
  /** The unparsed text. */
  readonly ticket: string;
  readonly redeemer: Redeemer;
  readonly origin: Origin;
}

/**
 * Redeems a ticket, which cannot be redeemed again. The decision is in the audit log when this resolves. Throws `Unavailable`;
 * then the ticket may be redeemed.
 */
export function redeemTicket(
  presentation: Presentation,
  deps: RedeemTicketDeps,
): Promise<RedeemDecision> {
  return deps.measure('redeem-ticket', async () => {
    const decision = await decide(presentation, deps, deps.tickets.consume);
    await deps.writeDecision(decision, presentation.origin);
    return decision;
  });
}

/**
 * Decides whether a ticket could be redeemed now, without redeeming it. Only a refusal is recorded: a valid ticket may still
 * fail to be redeemed, and then a grant in the audit log would be wrong.
 */
export async function checkTicket(
  presentation: Presentation,
  deps: RedeemTicketDeps,
): Promise<RedeemDecision> {
  const decision = await decide(presentation, deps, deps.tickets.find);
  if (decision.outcome === 'refusal') await deps.writeDecision(decision, presentation.origin);
  return decision;
}

async function decide(
  { ticket: text, redeemer }: Presentation,
  deps: RedeemTicketDeps,
  read: TicketStore['consume'],
): Promise<RedeemDecision> {
  const attempt: DecisionBase = { id: deps.newId(), action: 'redeem-ticket', checks: [] };
  const rejected = serverFault(redeemer, deps.chatServers);
  // Before the ticket is read: an unknown server must not be able to redeem it.
  if (rejected !== undefined) return refuse(attempt, rejected);
  const ticket = parseTicket(text);
  if (ticket === undefined) {
    return refuse(attempt, ['ticket-unknown', 'text has the form of a ticket']);
  }
  const found = await read(hashTicket(ticket));
  if (found === undefined) return refuse(attempt, ['ticket-unknown', 'ticket is stored']);

  const { holder } = found;
  const principal = holder.user;
  const known = { ...attempt, principal, ...ofTenant(principal.tenantId) };
  const fault = ticketFault(found, redeemer, deps.now());
  if (fault !== undefined) return refuse(known, fault);
  if (isRevoked(principal, await deps.revocations.latest(subjectsOf(principal)))) {
    return refuse(known, ['revoked', 'ticket is not revoked']);
  }
  return { ...known, outcome: 'grant', action: 'redeem-ticket', principal, holder };
}

/** The refusal code, and the name of the failed check: several checks have one code. */
type Fault = readonly [code: RedeemRefusalCode, failedCheck: string];

function refuse(base: DecisionBase, [code, failedCheck]: Fault): RedeemDecision {
  return refuseTicket({ ...base, checks: [check(failedCheck, false, code)] }, code);
}

function serverFault(redeemer: Redeemer, servers: ChatServers): Fault | undefined {
  if (redeemer === 'gateway') return undefined;
  const { key, secret } = redeemer;
  if (key === undefined) return ['server-key-missing', 'request has a key'];
  if (secret === undefined) return ['server-key-missing', 'request has a secret'];
  if (!servers.has(key)) return ['server-key-rejected', 'a chat server has this key'];
  const isOfKey = servers.verify(key, secret);
  return isOfKey ? undefined : ['server-key-rejected', 'secret is that of the key'];
}

/**
 * The fault of an existing ticket. The expiry is checked first: the second use of an expired ticket is not a replay, since
 * the first may have been refused.
 */
function ticketFault(
  { holder, isFirstUse }: ConsumedTicket,
  redeemer: Redeemer,
  now: number,
): Fault | undefined {
  if (holder.expiresAt <= now) return ['ticket-expired', 'ticket has not expired'];
  if (!isFirstUse) return ['ticket-replayed', 'ticket was not redeemed before'];
  const isForAnother = redeemer !== 'gateway' && redeemer.key !== holder.serverKey;
  return isForAnother ? ['ticket-of-other-server', 'ticket is for this chat server'] : undefined;
}
