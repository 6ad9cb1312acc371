import { isJsonObject } from '../runtime/json.ts';
import { printableText } from './claims.ts';

const maxRoleLength = 128;
const maxRoles = 256;

/** Roles in the order of the token, each once. `isComplete` is false if some were left out. */
export interface Roles {
  readonly roles: readonly string[];
  readonly isComplete: boolean;
}

/**
 * Reads roles from claims: a text is one role, an object is the role of its `name`, a list has several. Leaves out a role
 * without 1 to 128 printable characters, and roles after the 256th, because a missing role grants nothing.
 */
export function readRoles(claims: readonly unknown[]): Roles {
  const written = claims.flatMap(listOf);
  const read = written.slice(0, maxRoles).map(readRole);
  const readable = read.filter((role) => role !== undefined);
  return { roles: [...new Set(readable)], isComplete: readable.length === written.length };
}

/**
 * Zitadel writes each role with the organizations in which the user has it. A role of another organization than the tenant is
 * none of this principal.
 */
export function rolesOfTenant(claim: unknown, tenantId: string | undefined): unknown {
  if (!isJsonObject(claim)) return claim;
  const isGranted = ([, organizations]: readonly [string, unknown]) =>
    isJsonObject(organizations) &&
    (tenantId === undefined || Object.hasOwn(organizations, tenantId));
  return Object.entries(claim)
    .filter(isGranted)
    .map(([role]) => role);
}

function listOf(claim: unknown): readonly unknown[] {
  if (claim === undefined || claim === null) return [];
  return Array.isArray(claim) ? claim : [claim];
}

function readRole(role: unknown): string | undefined {
  // Laravel's packages write the whole row of a role.
  const name = isJsonObject(role) && Object.hasOwn(role, 'name') ? role['name'] : role;
  return printableText(name, maxRoleLength);
}
