import type { RevocationSubject } from '../../authorize/revocation/revocation.ts';

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
