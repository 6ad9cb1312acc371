import type { RevocationSubject } from '../../authorize/revocation/revocation.ts';

/** A list of texts as JSON: no two subjects have the same, whatever characters their ids hold. */
export function subjectKey(subject: RevocationSubject): string {
  return JSON.stringify(subjectParts(subject));
}

/** The same as a list of texts. */
export function subjectParts(subject: RevocationSubject): readonly string[] {
  switch (subject.kind) {
    case 'user':
      return subject.tenantId === undefined
        ? ['user', subject.userId]
        : ['user', subject.userId, subject.tenantId];
    case 'booking':
      return ['booking', subject.hotelSlug, subject.bookingId];
    case 'guest-session':
      return ['guest-session', subject.sessionId];
    case 'token':
      return ['token', subject.tokenId];
    case 'tenant':
      return ['tenant', subject.tenantId];
  }
}

/** The subject that has this key, read; `undefined` when it is none of ours: a newer Usher may run beside this one. */
export function parseSubject(parts: unknown): RevocationSubject | undefined {
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined;
  const [kind = '', first, second] = parts as readonly string[];
  if (first === undefined) return undefined;
  switch (kind) {
    case 'user':
      return { kind, userId: first, ...(second !== undefined && { tenantId: second }) };
    case 'booking':
      return second === undefined ? undefined : { kind, hotelSlug: first, bookingId: second };
    case 'guest-session':
      return { kind, sessionId: first };
    case 'token':
      return { kind, tokenId: first };
    case 'tenant':
      return { kind, tenantId: first };
    default:
      return undefined;
  }
}
