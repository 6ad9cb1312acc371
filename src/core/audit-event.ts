import type { Decision, Judged, RefusalCode, SignInDecision } from './decision.ts';
import type { PrincipalKind } from './principal.ts';
import type { IssueDecision, RedeemDecision, TicketRefusalCode } from './ticket.ts';

/** Where a request came from, as far as we can tell; kept in our own rows and sent nowhere else. */
export interface Origin {
  readonly requestId: string;
  readonly address: string;
  readonly userAgent?: string;
}

/** What was decided about one attempt: ids and metadata, never a credential or a body. */
export interface AuditEvent extends Origin {
  readonly decisionId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: Judged['action'];
  readonly outcome: 'grant' | 'refusal';
  readonly code?: RefusalCode | TicketRefusalCode;
  readonly family?: string;
  readonly channel?: string;
  readonly socketId?: string;
  readonly principalKind?: PrincipalKind;
  readonly principalId?: string;
  readonly tenantId?: string;
  /** The name of the first check that did not hold. */
  readonly failedCheck?: string;
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

/** What a security reviewer wants to be told about, beside the decision itself. */
export type SecuritySignal =
  'authentication-failed' | 'cross-origin' | 'cross-tenant' | 'limit-exceeded' | 'ticket-replayed';

/** A signal about something that was no decision, and whom it is about as far as that is known. */
export interface SignalEvent extends Origin {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly signal: SecuritySignal;
  readonly tenantId?: string;
  readonly principalId?: string;
}

/** Keeps audit events. Resolves when the event is durable; throws `Unavailable` when it could not be kept. */
export interface AuditTrail {
  append(event: AuditEvent, signals: readonly SecuritySignal[]): Promise<void>;
  appendSignal(event: SignalEvent): Promise<void>;
}

/** Everything that is recorded. */
export type RecordedDecision = Decision | SignInDecision | IssueDecision | RedeemDecision;

/**
 * Records one decision in the log and in the audit trail; a grant may leave only after it resolved.
 * Throws `Unavailable` when the trail could not keep it.
 */
export type RecordDecision = (decision: RecordedDecision, origin: Origin) => Promise<void>;

/** Records a signal about something that was no decision. Throws `Unavailable` when the trail could not keep it. */
export type RecordSignal = (
  signal: SecuritySignal,
  about: Pick<SignalEvent, 'tenantId' | 'principalId'> & { readonly origin: Origin },
) => Promise<void>;
