import type { ObjectType, Scope } from '../cel/expression.ts';
import { applicationVisitorKind } from '../ask.ts';
import type { FactKind } from '../fact-kind.ts';
import type { PrincipalClaims } from '../policy.ts';
import { ruleName, type PrincipalKind } from '../principal.ts';
import type { ValueType } from '../fact-kind.ts';

const required = (type: ValueType) => ({ type, optional: false });
const optional = (type: ValueType) => ({ type, optional: true });

const common = { id: required('string'), roles: required('list(string)') } as const;

/** The attributes of the principals of Usher's own credentials. */
const ownKinds: Readonly<Record<PrincipalKind, ObjectType>> = {
  user: { ...common, tenant: optional('string'), name: optional('string') },
  visitor: {
    ...common,
    tenant: optional('string'),
    name: optional('string'),
    is_staff: required('bool'),
    is_superuser: required('bool'),
  },
  'guest-session': { ...common, user: optional('string'), user_tenant: optional('string') },
  [applicationVisitorKind]: common,
};

/** The attributes of each kind of principal, for the type check of rules. */
export type PrincipalTypes = ReadonlyMap<PrincipalKind, ObjectType>;

/** Adds the kinds and the attributes of issuers to those of Usher. */
export function principalTypes(issuers: readonly PrincipalClaims[]): PrincipalTypes {
  const types = new Map(Object.entries(ownKinds));
  for (const { kind, claims, attributes } of issuers) {
    const declared = Object.entries(attributes).map(([name, { type, isRequired }]) => [
      name,
      { type, optional: !isRequired },
    ]);
    types.set(kind, {
      ...(types.get(kind) ?? common),
      ...(claims.tenant && { tenant: optional('string') }),
      ...(claims.name && { name: optional('string') }),
      ...(Object.fromEntries(declared) as ObjectType),
    });
  }
  return types;
}

/** The names that all expressions of a channel may read; rules also read one kind of principal, and the facts. */
export function paramScope(params: readonly string[]): Scope {
  return {
    params: Object.fromEntries(params.map((name) => [name, required('string')])),
    now: 'timestamp',
  };
}

/** The scope of expressions that are evaluated for one of these kinds of principal. */
export function principalScope(kinds: readonly PrincipalKind[], types: PrincipalTypes): Scope {
  return Object.fromEntries(kinds.map((kind) => [ruleName(kind), types.get(kind) ?? common]));
}

/** The scope of `facts`. */
export function factScope(
  requests: readonly {
    readonly name: string;
    readonly kind: FactKind;
    readonly optional: boolean;
  }[],
): Scope {
  const facts = requests.map(({ name, kind, optional }) => [
    name,
    { type: fieldsOf(kind), optional },
  ]);
  return { facts: Object.fromEntries(facts) as ObjectType };
}

const guestSession: ObjectType = { id: required('string'), user: optional('string') };

function fieldsOf({ fields }: FactKind): ObjectType {
  const entries = Object.entries(fields).map(([name, { type, optional }]) => [
    name,
    { type: type === 'guest_session' ? guestSession : type, optional },
  ]);
  return Object.fromEntries(entries) as ObjectType;
}

/** More different scopes than the channels of most policies have. */
const maxShared = 1000;

/** The scopes of the channels that were built, by their content. */
const shared = new Map<string, WeakRef<Scope>>();

/** The same object for equal scopes: compiling the first expression of a scope takes a millisecond. */
export function shareScope(scope: Scope): Scope {
  const key = JSON.stringify(scope);
  const known = shared.get(key)?.deref();
  if (known !== undefined) return known;
  if (shared.size >= maxShared) shared.clear();
  shared.set(key, new WeakRef(scope));
  return scope;
}
