import type {
  IssueDecision,
  RedeemDecision,
  TicketRefusalCode,
} from '../authorize/tickets/ticket.ts';
import type {
  Decision,
  DecisionBase,
  PlainGrant,
  RefusalCode,
  SignInDecision,
  UnreadRefusal,
  UpstreamRefusal,
} from '../policy/decision.ts';
import type { PrincipalKind } from '../policy/principal.ts';

/** Where a request came from, as far as we can tell; kept in our own rows and sent nowhere else. */
export interface Origin {
  readonly requestId: string;
  readonly address: string;
  readonly userAgent?: string | undefined;
}

/** What was decided about one attempt: ids and metadata, never a credential or a body. */
export interface AuditEvent extends Origin {
  readonly decisionId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: DecisionBase['action'];
  readonly outcome: 'grant' | 'refusal';
  readonly code?:
    RefusalCode | TicketRefusalCode | UnreadRefusal['code'] | UpstreamRefusal['code'] | undefined;
  readonly family?: string | undefined;
  readonly channel?: string | undefined;
  readonly socketId?: string | undefined;
  readonly principalKind?: PrincipalKind | undefined;
  readonly principalId?: string | undefined;
  readonly tenantId?: string | undefined;
  /** The name of the first check that did not hold. */
  readonly failedCheck?: string | undefined;
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

/** What a security reviewer wants to be told about, beside the decision itself. */
export type SecurityEventType =
  | 'authentication-failed'
  | 'cross-origin'
  | 'cross-tenant'
  | 'limit-exceeded'
  | 'revoked'
  | 'ticket-replayed';

/** A signal about something that was no decision, and whom it is about as far as that is known. */
export interface SecurityEvent extends Origin {
  /** A UUID. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly signal: SecurityEventType;
  readonly tenantId?: string | undefined;
  readonly principalId?: string | undefined;
  /** Of `limit-exceeded`: how many more there were since the last one, which are recorded by this number alone. */
  readonly suppressed?: number;
}

/** A decision as it is kept, with what it tells a security reviewer. */
export interface DecisionEntry {
  readonly decision: AuditEvent;
  readonly signals: readonly SecurityEventType[];
  /** The version of the memory by which it was decided; without one, it was decided by what the database said. */
  readonly cacheVersion?: number | undefined;
}

/** What is kept together or not at all: a decision with its signals, or a signal of no decision. */
export type AuditEntry = DecisionEntry | { readonly signal: SecurityEvent };

/** Keeps entries. */
export interface AuditLog {
  /**
   * Resolves to true when the entry is safe, as safe as `AUDIT` asks for, and to false when it was not kept, because what
   * it was decided by is no longer so. Throws `Unavailable` when it could not be kept.
   */
  readonly append: (entry: AuditEntry) => Promise<boolean>;
}

/**
 * Writes entries, and says of each whether it was kept, as `append` does; those that are kept are durable. Throws
 * `RowRefused` when one of them cannot be written, and none is, and `Unavailable` when it is not known whether they were.
 */
export type WriteEntries = (entries: readonly AuditEntry[]) => Promise<readonly boolean[]>;

/** What an id of a decision looks like, as the source of a regular expression: a UUID. */
export const decisionIdPattern = '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** The kept decision of this id, or `undefined`. Throws `Unavailable`. */
export type FindDecision = (decisionId: string) => Promise<DecisionEntry | undefined>;

/** Everything that is recorded. */
export type AuditableDecision =
  | Decision
  | SignInDecision
  | IssueDecision
  | RedeemDecision
  | PlainGrant
  | UnreadRefusal
  | UpstreamRefusal;

/**
 * Records one decision in the log and in the audit trail; it may leave only after this resolved to true. False: it was
 * decided from memory, `asOf` a version of that, and something has changed. Throws `Unavailable` when the trail could not keep it.
 */
export type WriteDecision = (
  decision: AuditableDecision,
  origin: Origin,
  cacheVersion?: number,
) => Promise<boolean>;

/** Records a signal about something that was no decision. Throws `Unavailable` when the trail could not keep it. */
export type WriteSignal = (
  signal: SecurityEventType,
  about: Pick<SecurityEvent, 'tenantId' | 'principalId' | 'suppressed'> & {
    readonly origin: Origin;
  },
) => Promise<void>;
