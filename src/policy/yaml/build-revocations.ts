import { isDeepStrictEqual } from 'node:util';
import { applicationVisitorKind } from '../ask.ts';
import type { RevocationPolicy } from '../policy.ts';
import { kindNamed } from '../principal.ts';
import type { IssuerDeclaration } from './policy-document.ts';

/** The subjects of revocations that Usher has for all policies. */
export const ownSubjects: readonly string[] = ['user', 'token', 'tenant', 'guest-session'];

/** The kinds whose ids are revoked as `user_id`. */
const users: readonly string[] = ['user', 'visitor', applicationVisitorKind];

type Declared = Pick<IssuerDeclaration, 'kind' | 'id' | 'revocations'>;

/** The declared subjects, and that of the id: `nurse_id` for a `nurse`, unless the policy declares a subject for the id. */
export function buildRevocations({ kind, id, revocations }: Declared): readonly RevocationPolicy[] {
  const declared = Object.entries(revocations).map(([subject, fields]) => {
    return { subject, fields: new Map(Object.entries(fields)) };
  });
  const hasOne =
    users.includes(kind) ||
    ownSubjects.includes(kindNamed(kind)) ||
    declared.some(({ subject, fields }) => subject === kind || isOf(id, fields.values()));
  return hasOne ? declared : [...declared, { subject: kind, fields: idField(kind) }];
}

const isOf = (id: readonly string[], attributes: Iterable<string>): boolean =>
  isDeepStrictEqual(new Set(id), new Set(attributes));

const idField = (kind: string) => new Map([[`${kind}_id`, 'id']]);
