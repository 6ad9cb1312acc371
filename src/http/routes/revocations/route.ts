import type { FastifyInstance } from 'fastify';
import type { RevocationSubject } from '../../../authorize/revocation/revocation.ts';
import { revoke, type RevokeDeps } from '../../../authorize/revocation/revoke.ts';
import type { Policy } from '../../../policy/policy.ts';
import { originOf } from '../../input/auth-request.ts';
import { fieldsOf, requiredField } from '../../input/body.ts';
import { parseDatetime } from '../../../runtime/datetime.ts';
import { unknownMember } from '../../../runtime/json.ts';
import { malformed } from '../../output/problem.ts';
import { exactlyOneSubjectMessage, revocationsDocs } from './docs.ts';

type RevocationBody = Readonly<Record<string, string>>;

/** The JSON Schema of an id that a credential can contain. The revocation of any other id would have no effect. */
const id = {
  type: 'string',
  pattern: '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]{1,255}$',
} as const;
const idPattern = new RegExp(id.pattern, 'u');

const ownFields = ['user_id', 'tenant_id', 'guest_session_id', 'token_id'] as const;

/**
 * How far `issued_before` may lie in the future, in milliseconds: the clock skew allowed for issuers. A revocation
 * cannot be undone.
 */
const furthestAhead = 60_000;

interface RevocationsDeps extends RevokeDeps {
  readonly policy: () => Policy;
}

/** Adds `POST /revocations` to the operator's port. */
export function addRevocations(server: FastifyInstance, deps: RevocationsDeps): void {
  const atStart = subjectsOfPolicy(deps.policy());
  const docs = revocationsDocs(
    Object.fromEntries(fieldsOfSubjects(atStart).map((field) => [field, id])),
    atStart.map(({ fields }) => fields),
  );
  // Not a schema of the route: a reload of the policy may change the fields.
  server.post('/revocations', { config: { docs } }, async (request) => {
    const { issued_before, ...given } = textsOf(request.body);
    const subject = subjectOf(given, subjectsOfPolicy(deps.policy()));
    const requested = { subject, issuedBefore: issuedBefore(issued_before, deps.now()) };
    const revocation = await revoke(requested, originOf(request), deps);
    const moment = new Date(revocation.issuedBefore).toISOString();
    request.log.info({ revoked: given, issuedBefore: moment }, 'revoked');
    return { revoked: given, issued_before: moment, effects: revocation.effects };
  });
}

/** The fields of the body. Throws a 400 for one that is no text: an empty id would revoke more than its sender meant. */
function textsOf(body: unknown): RevocationBody {
  const names = Object.keys(fieldsOf(body));
  return Object.fromEntries(names.map((name) => [name, requiredField(body, name, 255)]));
}

/** A subject of the policy: its name, and the fields of the body that are its parts. */
interface PolicySubject {
  readonly name: string;
  readonly fields: readonly string[];
}

function subjectsOfPolicy({ issuers }: Policy): readonly PolicySubject[] {
  return [...issuers.values()].flatMap(({ revocations }) =>
    revocations.map(({ subject, fields }) => ({ name: subject, fields: [...fields.keys()] })),
  );
}

/** All fields that identify a subject. */
const fieldsOfSubjects = (subjects: readonly PolicySubject[]): readonly string[] => [
  ...ownFields,
  ...subjects.flatMap(({ fields }) => fields),
];

/** Returns the subject of these fields. Throws a 400 for an unknown field, a wrong id, no subject and more than one. */
function subjectOf(named: RevocationBody, subjects: readonly PolicySubject[]): RevocationSubject {
  const known = fieldsOfSubjects(subjects);
  for (const [field, text] of Object.entries(named)) {
    if (!known.includes(field)) throw malformed(unknownMember(field));
    if (!idPattern.test(text)) {
      throw malformed(`${field} has a character that no credential can contain`);
    }
  }
  const subject = findSubject(named, subjects);
  if (subject === undefined)
    throw malformed(exactlyOneSubjectMessage(subjects.map(({ fields }) => fields)));
  return subject;
}

function findSubject(
  named: RevocationBody,
  subjects: readonly PolicySubject[],
): RevocationSubject | undefined {
  const { user_id, tenant_id, guest_session_id, token_id } = named;
  const given = Object.keys(named);
  const declared = subjects.find(
    ({ fields }) =>
      fields.length === given.length && fields.every((field) => given.includes(field)),
  );
  if (declared !== undefined) {
    return {
      kind: 'named',
      parts: [declared.name, ...declared.fields.map((field) => named[field] ?? '')],
    };
  }
  if (given.length === 2 && user_id !== undefined && tenant_id !== undefined) {
    return { kind: 'user', userId: user_id, tenantId: tenant_id };
  }
  if (given.length !== 1) return undefined;
  if (user_id !== undefined) return { kind: 'user', userId: user_id };
  if (tenant_id !== undefined) return { kind: 'tenant', tenantId: tenant_id };
  if (token_id !== undefined) return { kind: 'token', tokenId: token_id };
  return guest_session_id === undefined
    ? undefined
    : { kind: 'guest-session', sessionId: guest_session_id };
}

function issuedBefore(text: string | undefined, now: number): number {
  if (text === undefined) return now;
  const moment = parseDatetime(text);
  if (moment === undefined) {
    throw malformed('issued_before must be a time with its zone such as 2025-12-31T11:00:00Z');
  }
  if (moment > now + furthestAhead) throw malformed('issued_before lies in the future');
  return moment;
}
