import type { Fact } from './fact-kind.ts';

/**
 * The expiry of a credential without one: the maximum of `Date`.
 * Not `Infinity`, which is null in JSON, and 1970 after arithmetic.
 */
export const maxTime = 8.64e15;

export interface CredentialLifetime {
  readonly issuedAt?: number | undefined;
  readonly expiresAt: number;
  readonly tokenId?: string | undefined;
}

/** The value of an attribute in rules. */
export type AttributeValue = string | number | boolean | Date | readonly string[];

export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * The kind of a principal: `user` (a bearer token), `visitor` (a session cookie of the application), `guest-session` (a guest session
 * of Usher), or a kind of the policy.
 */
export type PrincipalKind = string;

/** The principal that a credential authenticates. */
export interface Principal extends CredentialLifetime {
  readonly kind: PrincipalKind;
  /** Unique within the kind and the tenant. */
  readonly id: string;
  readonly tenantId?: string | undefined;
  readonly name?: string | undefined;
  readonly roles: readonly string[];
  /** The user to whom a guest session is linked since the login. */
  readonly linkedUser?: LinkedUser | undefined;
  /** The name and the parts of each subject of its revocations, for a kind of the policy; `kind` and `id` without it. */
  readonly subjects?: readonly (readonly string[])[] | undefined;
  /** Further attributes for rules. */
  readonly attributes?: Attributes | undefined;
}

export interface LinkedUser {
  readonly id: string;
  readonly tenantId?: string | undefined;
}

/** A principal as rules read it. An absent attribute has no key. */
export interface PrincipalView {
  readonly id: string;
  readonly roles: readonly string[];
  readonly tenant?: string;
  readonly name?: string;
  /** Of a guest session: the user to whom it is linked, and the tenant of that user. */
  readonly user?: string;
  readonly user_tenant?: string;
  readonly [attribute: string]: AttributeValue | undefined;
}

/** The principal as rules read it. */
export function viewOf({
  id,
  roles,
  tenantId,
  name,
  linkedUser,
  attributes,
}: Principal): PrincipalView {
  // No spread: V8 would create a dictionary, for each decision.
  const view: Record<string, AttributeValue> = { id, roles };
  if (tenantId !== undefined) view['tenant'] = tenantId;
  if (name !== undefined) view['name'] = name;
  if (linkedUser !== undefined) view['user'] = linkedUser.id;
  if (linkedUser?.tenantId !== undefined) view['user_tenant'] = linkedUser.tenantId;
  for (const attribute in attributes) {
    const value = attributes[attribute];
    if (value !== undefined && !Object.hasOwn(view, attribute)) view[attribute] = value;
  }
  return view as PrincipalView & typeof view;
}

/** The name of a kind in rules: an identifier of CEL. */
export function ruleName(kind: PrincipalKind): string {
  return kind.includes('-') ? kind.replaceAll('-', '_') : kind;
}

/** The kind with this name in rules. */
export function kindNamed(name: string): PrincipalKind {
  return name === 'guest_session' ? 'guest-session' : name;
}

/** The input of a rule: all values are read-only, and absent values have no key. */
export interface RuleInput {
  readonly params: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, Fact>>;
  readonly now: Date;
  /** The principal under the name of its kind, such as `user`. */
  readonly [principal: string]: unknown;
}

/** Creates what the rules for a principal read. */
export function ruleInput(
  principal: Principal,
  { params, facts, now }: Pick<RuleInput, 'params' | 'facts' | 'now'>,
): RuleInput {
  const input: Record<string, unknown> = { params, facts, now };
  input[ruleName(principal.kind)] = viewOf(principal);
  return input as unknown as RuleInput;
}

/** The same, with the facts that were found for it. */
export function withFacts(
  input: RuleInput,
  { kind }: Pick<Principal, 'kind'>,
  facts: RuleInput['facts'],
): RuleInput {
  const name = ruleName(kind);
  const copy: Record<string, unknown> = { params: input.params, facts, now: input.now };
  copy[name] = input[name];
  return copy as unknown as RuleInput;
}

/** A key of limits, unique among principals of all kinds and tenants. */
export function principalKey({ kind, tenantId, id }: Principal): string {
  return JSON.stringify([kind, tenantId, id]);
}
