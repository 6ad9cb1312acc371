import { isDeepStrictEqual } from 'node:util';
import { applicationVisitorKind } from '../../policy/ask.ts';
import { type Principal } from '../../policy/principal.ts';
import type { TerminationLease } from '../../pusher/tracked-connection.ts';

/** The subject of a revocation: one token, or all credentials of a user, a guest session, a tenant or a subject of the policy. */
export type RevocationSubject =
  | { readonly kind: 'user'; readonly userId: string; readonly tenantId?: string }
  | { readonly kind: 'guest-session'; readonly sessionId: string }
  | { readonly kind: 'token'; readonly tokenId: string }
  | { readonly kind: 'tenant'; readonly tenantId: string }
  /** A subject of the policy: its name, and the values of its attributes. */
  | { readonly kind: 'named'; readonly parts: readonly string[] };

/** Stores revocations durably for all replicas. All methods throw `Unavailable`. */
export interface RevocationStore {
  /**
   * Revokes credentials that were issued to the subject before this time; a stored revocation with a later time stays.
   * The same statement leases the matching tracked connections.
   */
  readonly revoke: (
    revocation: StoredRevocation & { readonly leaseUntil: number },
  ) => Promise<WrittenRevocation>;
  /** The latest time of the revocations of these subjects; `undefined` without one. */
  readonly latest: (subjects: readonly RevocationSubject[]) => Promise<number | undefined>;
  /** The revocations of this period, and some older ones. */
  readonly within: (periodMs: number) => Promise<readonly StoredRevocation[]>;
}

/** A written revocation, with the lease of the connections that this replica terminates. */
export interface WrittenRevocation {
  /** The stored time, which may be later than the requested one. */
  readonly issuedBefore: number;
  readonly lease: TerminationLease;
}

/** Credentials that were issued to the subject before this time are refused. */
export interface StoredRevocation {
  readonly subject: RevocationSubject;
  readonly issuedBefore: number;
}

/**
 * Encodes a subject as a JSON list of texts. Different subjects have different keys, for any characters in their ids.
 */
export function subjectKey(subject: RevocationSubject): string {
  return JSON.stringify(subjectParts(subject));
}

/** The parts of the key as a list of texts. */
export function subjectParts(subject: RevocationSubject): readonly string[] {
  switch (subject.kind) {
    case 'user':
      return subject.tenantId === undefined
        ? ['user', subject.userId]
        : ['user', subject.userId, subject.tenantId];
    case 'named':
      return subject.parts;
    case 'guest-session':
      return ['guest-session', subject.sessionId];
    case 'token':
      return ['token', subject.tokenId];
    case 'tenant':
      return ['tenant', subject.tenantId];
  }
}

/**
 * Parses the parts of a key. Returns `undefined` for an unsupported subject: a newer Usher may use the same database.
 */
export function parseSubject(parts: unknown): RevocationSubject | undefined {
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined;
  const [kind = '', first, second] = parts as readonly string[];
  if (first === undefined) return undefined;
  switch (kind) {
    case 'user':
      return { kind, userId: first, ...(second !== undefined && { tenantId: second }) };
    case 'guest-session':
      return { kind, sessionId: first };
    case 'token':
      return { kind, tokenId: first };
    case 'tenant':
      return { kind, tenantId: first };
    default:
      return { kind: 'named', parts: parts };
  }
}

/** All subjects whose revocation applies to this principal. */
export function subjectsOf(principal: Principal): readonly RevocationSubject[] {
  const { tokenId, tenantId } = principal;
  const subjects = ownSubjects(principal);
  if (tokenId !== undefined) subjects.push({ kind: 'token', tokenId });
  if (tenantId !== undefined) subjects.push({ kind: 'tenant', tenantId });
  return subjects;
}

function ownSubjects(principal: Principal): RevocationSubject[] {
  switch (principal.kind) {
    case 'guest-session': {
      const { id: sessionId, linkedUser } = principal;
      const own = { kind: 'guest-session', sessionId } as const;
      if (linkedUser === undefined) return [own];
      // A linked session grants the channels of the user, so the revocations of the user and of the user's tenant apply to it.
      const { id, tenantId } = linkedUser;
      const ofUser = [own, ...userSubjects(id, tenantId)];
      return tenantId === undefined ? ofUser : [...ofUser, { kind: 'tenant', tenantId }];
    }
    case 'user':
      return userSubjects(principal.id, principal.tenantId);
    // The user that the application named; before its response the user is unknown.
    case applicationVisitorKind: {
      const { linkedUser } = principal;
      return linkedUser === undefined ? [] : userSubjects(linkedUser.id, linkedUser.tenantId);
    }
    case 'visitor':
      return [{ kind: 'user', userId: principal.id }];
    default:
      return namedSubjects(principal);
  }
}

function namedSubjects({ kind, id, subjects = [[kind, id]] }: Principal): RevocationSubject[] {
  return subjects.map((parts) => ({ kind: 'named', parts }));
}

/** A revocation without a tenant applies to the user in all tenants. */
function userSubjects(userId: string, tenantId: string | undefined): RevocationSubject[] {
  const everywhere = { kind: 'user', userId } as const;
  return tenantId === undefined ? [everywhere] : [everywhere, { kind: 'user', userId, tenantId }];
}

/** A credential without an issue time counts as issued before any revocation. */
export function isRevoked(principal: Principal, issuedBefore: number | undefined): boolean {
  return issuedBefore !== undefined && (principal.issuedAt ?? -Infinity) < issuedBefore;
}

export function matchesPrincipal(subject: RevocationSubject, principal: Principal): boolean {
  return subjectsOf(principal).some((own) => isDeepStrictEqual(own, subject));
}

/** The open WebSockets of this process. */
export interface RevocableConnections {
  /** The number with a credential that the revocation applies to. */
  readonly count: (revocation: StoredRevocation) => number;
  /** Closes them, and returns their number. */
  readonly close: (revocation: StoredRevocation) => number;
}
