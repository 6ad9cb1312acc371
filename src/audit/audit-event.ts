import type {
  IssueDecision,
  RedeemDecision,
  TicketRefusalCode,
} from '../authorize/tickets/ticket.ts';
import type {
  Decision,
  DecisionBase,
  PlainGrant,
  OwnRefusalCode,
  RefusalCode,
  SignInDecision,
  UnreadRefusal,
  UpstreamRefusal,
} from '../policy/decision.ts';
import type { PrincipalKind } from '../policy/principal.ts';
import type { ShadowVerdict } from './shadow-verdict.ts';

/** The origin of a request; stored only in Usher's own tables. */
export interface Origin {
  readonly requestId: string;
  readonly address: string;
  readonly userAgent?: string | undefined;
}

/** One decision as an audit event: ids and metadata, never a credential or a body. */
export interface AuditEvent extends Origin {
  readonly decisionId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: DecisionBase['action'];
  readonly outcome: 'grant' | 'refusal';
  readonly code?: OwnCode | RefusalCode | undefined;
  /** The hash of the policy that decided. */
  readonly policy?: string | undefined;
  readonly family?: string | undefined;
  readonly channel?: string | undefined;
  readonly socketId?: string | undefined;
  readonly principalKind?: PrincipalKind | undefined;
  readonly principalId?: string | undefined;
  readonly tenantId?: string | undefined;
  /** The name of the first failed check. */
  readonly failedCheck?: string | undefined;
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

/** All codes of Usher; a policy may declare others. */
export type OwnCode =
  OwnRefusalCode | TicketRefusalCode | UnreadRefusal['code'] | UpstreamRefusal['code'];

export type SecurityEventType =
  | 'authentication-failed'
  | 'cross-origin'
  | 'cross-tenant'
  | 'limit-exceeded'
  | 'revoked'
  | 'ticket-replayed';

/** A security event that is not part of a decision. */
export interface SecurityEvent extends Origin {
  /** A UUID. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly signal: SecurityEventType;
  readonly tenantId?: string | undefined;
  readonly principalId?: string | undefined;
  /** For `limit-exceeded`: the number of further events since the last one, which have no rows. */
  readonly suppressed?: number;
}

/** A decision in the audit log with its security events. */
export interface DecisionEntry {
  readonly decision: AuditEvent;
  readonly signals: readonly SecurityEventType[];
  /** The verdict of the shadow. It is stored after the decision. */
  readonly shadow?: ShadowVerdict | undefined;
  /** The version of the cache that the decision used; `undefined` if it read the database. */
  readonly cacheVersion?: number | undefined;
}

/** The unit that is written atomically: a decision with its security events, or a single security event. */
export type AuditEntry = DecisionEntry | { readonly signal: SecurityEvent };

export interface AuditLog {
  /**
   * Resolves to true when the entry is as durable as `AUDIT` requires, and to false if it was not written because the
   * cached facts of the decision are outdated. Throws `Unavailable`.
   */
  readonly append: (entry: AuditEntry) => Promise<boolean>;
}

/**
 * Writes entries durably; resolves for each to the same as `append`. Throws `RowRefused` if the database refused one of
 * them and wrote none, and `Unavailable` if it is unknown whether they were written.
 */
export type WriteEntries = (entries: readonly AuditEntry[]) => Promise<readonly boolean[]>;

/** The pattern of decision ids: a UUID. */
export const decisionIdPattern = '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** Finds a decision in the audit log. Throws `Unavailable`. */
export type FindDecision = (decisionId: string) => Promise<DecisionEntry | undefined>;

/** The decisions that are written to the audit log. */
export type AuditableDecision =
  | Decision
  | SignInDecision
  | IssueDecision
  | RedeemDecision
  | PlainGrant
  | UnreadRefusal
  | UpstreamRefusal;

/**
 * Writes one decision to the audit log and the log. The response must not be sent before this resolves to true. False: the
 * decision used `cacheVersion` of the cache, which is outdated. Throws `Unavailable`.
 */
export type WriteDecision = (
  decision: AuditableDecision,
  origin: Origin,
  cacheVersion?: number,
) => Promise<boolean>;

export type AuditableRefusal = AuditableDecision & { readonly outcome: 'refusal' };

/**
 * Whether a refusal is written. `unwritten`: too many were written. `outdated`: a refusal that is not written and used the
 * cache, which only a write validates. Throws `Unavailable`.
 */
export type LimitRefusal = (
  refusal: AuditableRefusal,
  origin: Origin,
  cacheVersion: number | undefined,
) => Promise<'written' | 'unwritten' | 'outdated'>;

/** Writes a security event that is not part of a decision. Throws `Unavailable`. */
export type WriteSecurityEvent = (
  signal: SecurityEventType,
  about: Pick<SecurityEvent, 'tenantId' | 'principalId' | 'suppressed'> & {
    readonly origin: Origin;
  },
) => Promise<void>;
