import { maxTime } from '../policy/principal.ts';
import { parseDatetime } from '../runtime/datetime.ts';
import { isJsonObject } from '../runtime/json.ts';
import { attributeForm, readAttribute } from './attributes.ts';
import { displayName, findClaim, idForm, optionalClaim, readId } from './claims.ts';
import { describeType } from '../runtime/describe-type.ts';
import { identified, type Identification } from './credential.ts';
import { parseJsonMembers, type Members } from './json-object.ts';
import { readRoles } from './roles.ts';
import type { IssuerAttribute } from './token-issuers.ts';
import { visitorOf } from './visitor.ts';

/** The lifetime of a session whose response has no readable `expires_at`, in milliseconds. */
const unknownExpiryMs = 3_600_000;

/** A number above this limit (the year 5138 in seconds) is in milliseconds. */
const maxSeconds = 1e11;

export interface VisitorDeps {
  /** The attributes to read, with their names within `attributes` of the response. */
  readonly attributes?: readonly IssuerAttribute[] | undefined;
  readonly now: number;
}

/**
 * Reads the logged-in visitor in the application's response. Only an id that cannot be read is an error, whose message has no values.
 * Another member that cannot be read is left out, which grants nothing: an application that writes `"is_staff": "false"` must not
 * make every visitor staff. A note says what was left out.
 */
export function readVisitor(
  text: string,
  { attributes: declared = [], now }: VisitorDeps,
): Identification {
  const members = parseJsonMembers(Buffer.from(text));
  if (members === undefined) throw new Error('the response is not a JSON object');
  const notes: string[] = [];
  const optionalAt = <T>(
    path: readonly string[],
    form: string,
    read: (value: unknown) => T | undefined,
  ) => {
    const [name, found] = [path.join(' → '), findClaim(members, path)];
    const member = optionalClaim(found, read);
    if (member === undefined) {
      notes.push(
        `session is accepted without ${name}, which is ${form}: found ${describeType(found)}`,
      );
    }
    return member?.value;
  };
  const optional = <T>(name: string, form: string, read: (value: unknown) => T | undefined) =>
    optionalAt([name], form, read);
  const user = {
    id: idOf(members),
    tenantId: optional('tenant', idForm, readId),
    name: optional('name', 'a text', readName),
    isStaff: optional('is_staff', 'true or false', readBoolean),
    isSuperuser: optional('is_superuser', 'true or false', readBoolean),
    roles: rolesOf(members, notes),
  };
  optional('attributes', 'an object', (value) => (isJsonObject(value) ? value : undefined));
  const attributes = declared.flatMap(({ name, claim, type }) => {
    const path = ['attributes', ...claim];
    const value = optionalAt(path, attributeForm(type), (found) => readAttribute(found, type));
    return value === undefined ? [] : [[name, value] as const];
  });
  const expiresAt = optional('expires_at', timeForm, readTime) ?? now + unknownExpiryMs;
  return identified(visitorOf({ ...user, attributes }, { expiresAt }), notes);
}

/** In 0.1 the member with the id was `user_id`. */
function idOf(members: Members): string {
  const names = ['id', 'user_id'].filter((name) => optionalClaim(members.get(name), readId)?.value);
  const found = names.map((name) => readId(members.get(name)));
  const [id, other = id] = found;
  if (id === undefined) throw new Error(`the response has no id, which is ${idForm}`);
  if (id !== other) throw new Error('the response has an id and another user_id');
  return id;
}

function rolesOf(members: Members, notes: string[]): readonly string[] {
  const { roles, isComplete } = readRoles([members.get('roles')]);
  if (!isComplete) {
    notes.push('session is accepted without some of its roles, which cannot be read');
  }
  return roles;
}

const readName = (value: unknown) => (typeof value === 'string' ? displayName(value) : undefined);

const readBoolean = (value: unknown) => (typeof value === 'boolean' ? value : undefined);

const timeForm = 'a time such as 2030-01-01T12:00:00Z, or in seconds since 1970';

/** A text without a time zone is ambiguous, so it is not read. */
function readTime(value: unknown): number | undefined {
  if (typeof value === 'string') return parseDatetime(value);
  if (typeof value !== 'number' || value < 0 || value > maxSeconds) return undefined;
  return Math.min(Math.floor(value * 1000), maxTime);
}
