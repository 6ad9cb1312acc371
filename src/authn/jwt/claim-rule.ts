import type { ClaimRule } from '../../policy/policy.ts';
import { claimFault } from '../claim-fault.ts';
import type { RefusedCredential } from '../credential.ts';
import type { Members } from '../json-object.ts';

/** Checks a claim that the policy requires. Null counts as missing, as in all claims. */
export function claimRuleFault(
  claims: Members,
  name: string,
  rule: ClaimRule,
): RefusedCredential | undefined {
  const found = claims.get(name);
  const isMissing = found === undefined || found === null;
  if (rule === 'present') return isMissing ? claimFault(name, 'present', found) : undefined;
  if ('differsFrom' in rule) {
    const isSame = !isMissing && isSameSubject(found, claims.get(rule.differsFrom));
    return isSame
      ? claimFault(name, `another value than claim ${rule.differsFrom}`, found)
      : undefined;
  }
  const { values, isOptional } = rule;
  if (isMissing && isOptional) return undefined;
  for (const value of values) if (found === value) return undefined;
  const form = values.length === 1 ? 'the required value' : 'one of the required values';
  return claimFault(name, isOptional ? `absent or ${form}` : form, found);
}

/** A whole number counts as different: it may be the id of a user and, in another table, that of a client. */
function isSameSubject(found: unknown, other: unknown): boolean {
  if (typeof found === 'number' || (typeof found === 'string' && /^\d+$/.test(found))) return false;
  return Array.isArray(other) ? other.includes(found) : other === found;
}
