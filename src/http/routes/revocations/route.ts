import type { FastifyInstance } from 'fastify';
import type { RevocationSubject } from '../../../authorize/revocation/revocation.ts';
import { revoke, type RevokeDeps } from '../../../authorize/revocation/revoke.ts';
import type { Policy } from '../../../policy/policy.ts';
import { originOf } from '../../input/auth-request.ts';
import { parseDatetime } from '../../../runtime/datetime.ts';
import { malformed, unknownField } from '../../output/problem.ts';
import { exactlyOne, revocationsDocs } from './docs.ts';

type RevocationBody = Readonly<Record<string, string>>;

/** The JSON Schema of an id that a credential can contain. The revocation of any other id would have no effect. */
const id = {
  type: 'string',
  pattern: '^[^\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]{1,255}$',
} as const;

const ownFields = ['user_id', 'tenant_id', 'guest_session_id', 'token_id'] as const;

/**
 * How far `issued_before` may lie in the future, in milliseconds: the clock skew allowed for issuers. A revocation
 * cannot be undone.
 */
const furthestAhead = 60_000;

export interface RevocationsDeps extends RevokeDeps {
  readonly policy: () => Policy;
}

/** Adds `POST /revocations` to the operator's port. */
export function addRevocations(server: FastifyInstance, deps: RevocationsDeps): void {
  const atStart = subjectsOfPolicy(deps.policy());
  const docs = revocationsDocs(idsOf(atStart), issuedBeforeSchema, atStart.map(fieldsOf));
  // A reload may change the subjects, so the schema accepts an id in any field, and the handler checks the names.
  const body = {
    type: 'object',
    properties: { issued_before: issuedBeforeSchema },
    additionalProperties: id,
  } as const;
  const options = { schema: { body }, config: { docs } };
  server.post<{ Body: RevocationBody }>('/revocations', options, async (request) => {
    const { issued_before, ...given } = request.body;
    const subject = subjectOf(given, subjectsOfPolicy(deps.policy()));
    const requested = { subject, issuedBefore: issuedBefore(issued_before, deps.now()) };
    const revocation = await revoke(requested, originOf(request), deps);
    const moment = new Date(revocation.issuedBefore).toISOString();
    request.log.info({ revoked: given, issuedBefore: moment }, 'revoked');
    return { revoked: given, issued_before: moment, effects: revocation.effects };
  });
}

const issuedBeforeSchema = { type: 'string', maxLength: 40 } as const;

/** A subject of the policy: its name, and the fields of the body that are its parts. */
interface PolicySubject {
  readonly name: string;
  readonly fields: readonly string[];
}

function subjectsOfPolicy({ issuers }: Policy): readonly PolicySubject[] {
  return [...issuers.values()].flatMap(({ revocation }) =>
    revocation === undefined
      ? []
      : [{ name: revocation.subject, fields: [...revocation.fields.keys()] }],
  );
}

const fieldsOf = ({ fields }: PolicySubject) => fields;

/** The schemas of all fields that identify a subject. */
const idsOf = (subjects: readonly PolicySubject[]) =>
  Object.fromEntries([...ownFields, ...subjects.flatMap(fieldsOf)].map((field) => [field, id]));

/** Returns the subject of these fields. Throws a 400 for an unknown field, for no subject and for more than one. */
function subjectOf(named: RevocationBody, subjects: readonly PolicySubject[]): RevocationSubject {
  const known = idsOf(subjects);
  const unknown = Object.keys(named).find((field) => !Object.hasOwn(known, field));
  if (unknown !== undefined) throw malformed(unknownField(unknown));
  const subject = findSubject(named, subjects);
  if (subject === undefined) throw malformed(exactlyOne(subjects.map(fieldsOf)));
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
