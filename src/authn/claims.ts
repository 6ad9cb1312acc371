import { describeType } from '../runtime/describe-type.ts';
import { isJsonObject } from '../runtime/json.ts';
import type { Members } from './json-object.ts';
import { rejected, type RefusedCredential } from './credential.ts';
import type { ClaimRule } from '../policy/policy.ts';

/**
 * Reads a text of 1 to `maxLength` code points without control, format or unpaired surrogate characters. Returns
 * `undefined` for any other value. With invisible characters two different ids could look alike in the audit log.
 */
export function printableText(value: unknown, maxLength: number): string | undefined {
  if (typeof value !== 'string' || value === '' || Array.from(value).length > maxLength) {
    return undefined;
  }
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value) ? undefined : value;
}

/**
 * Reads an optional claim. Returns `{}` if it is missing or null, its value if `read` accepts it, and `undefined` if it
 * is invalid.
 */
export function optionalClaim<T>(
  claim: unknown,
  read: (claim: unknown) => T | undefined,
): { readonly value?: T } | undefined {
  // Laravel issuers write null for an empty column.
  if (claim === undefined || claim === null) return {};
  const value = read(claim);
  return value === undefined ? undefined : { value };
}

/** Finds a claim within the objects around it. Own members only, so that `constructor` is an ordinary name. */
export function findClaim(claims: Members, path: readonly string[] | undefined): unknown {
  if (path === undefined) return undefined;
  let value = claims.get(path[0] ?? '');
  for (let i = 1; i < path.length; i += 1) {
    const name = path[i] ?? '';
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** The claims whose value is a list that most servers write as one text with spaces (RFC 8693 §4.2; `scp` is Entra’s). */
const scopeClaims: readonly string[] = ['scope', 'scp'];

/** Finds a claim that is read as a list. Scopes in one text are split, so that rules can test for each of them. */
export function findListClaim(claims: Members, path: readonly string[]): unknown {
  const found = findClaim(claims, path);
  const isScopes = typeof found === 'string' && scopeClaims.includes(path.at(-1) ?? '');
  return isScopes ? found.split(' ').filter((scope) => scope !== '') : found;
}

const maxIdLength = 255;

/** The values that `readId` accepts, for messages. */
export const idForm = `a printable text of 1 to ${maxIdLength} characters or a whole number from 0 to 2^53 − 1`;

/**
 * Reads an id: a printable text of at most 255 characters, or an integer, as Laravel issuers write it. Integers above
 * 2^53 are refused, because two of them could become the same id.
 */
export function readId(claim: unknown): string | undefined {
  if (typeof claim !== 'number') return printableText(claim, maxIdLength);
  return Number.isSafeInteger(claim) && claim >= 0 ? String(claim) : undefined;
}

/** The id with which a token can be revoked, and a note if the token has one that cannot be read. */
interface TokenId {
  readonly tokenId: string | undefined;
  readonly notes: readonly string[];
}

/** Reads `jti` (RFC 7519 §4.1.7). Some issuers write a number. */
export function readTokenId(claims: Members): TokenId {
  const jti = optionalClaim(claims.get('jti'), readId);
  const note =
    'token is accepted without its jti, which cannot be read: it cannot be revoked by its id';
  return { tokenId: jti?.value, notes: jti === undefined ? [note] : [] };
}

const maxNameLength = 100;

/** Cuts a display name to 100 code points, so that presence data stays below Pusher's 1 KB. */
export function displayName(name: string): string {
  // Unpaired surrogates have no UTF-8 encoding, and a control character takes six bytes in JSON.
  return Array.from(name.replace(/[\p{Cc}\p{Cs}]/gu, '\uFFFD'))
    .slice(0, maxNameLength)
    .join('');
}

/** A refused claim: `expected` is its form, as in `a number of seconds`. The value is not in the message. */
export function claimFault(
  name: string,
  expected: string,
  found: unknown,
): Required<RefusedCredential> {
  return rejected(`claim ${name} is ${expected}: found ${describeType(found)}`);
}

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
