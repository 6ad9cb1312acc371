import type { FactKind } from '../fact-kind.ts';
import type { ObjectField, ObjectType } from '../cel/expression.ts';
import { nameOf } from '../cel/types.ts';
import type { Attributes } from '../principal.ts';
import type { DemoFact, DemoPolicy, DemoPrincipal } from '../policy.ts';
import type { DemoDeclaration, FactValues, NamedPrincipal, PlainValue } from './policy-document.ts';
import { kindNamed } from '../principal.ts';
import type { Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import type { Report } from './report.ts';
import { isOwnKind, type PrincipalTypes } from './rule-scope.ts';

export interface DemoContext {
  readonly factKinds: ReadonlyMap<string, FactKind>;
  readonly principals: PrincipalTypes;
  readonly report: Report;
}

export function buildDemo(
  { facts, principals, subscribe }: DemoDeclaration,
  context: DemoContext,
): DemoPolicy {
  return {
    facts: exampleFacts(facts, context),
    principals: new Map(principals.map((each) => [each.name, examplePrincipal(each, context)])),
    subscribe,
  };
}

/** The facts of a demo or of a test: ids and fields together, by kind. */
export function exampleFacts(
  values: FactValues,
  { factKinds, report }: Pick<DemoContext, 'factKinds' | 'report'>,
): readonly DemoFact[] {
  return Object.entries(values).flatMap(([name, list]) => {
    const kind = factKinds.get(name);
    if (kind === undefined) {
      const path = list[0]?.at.slice(0, -1) ?? [];
      report.unknown(path, { what: 'kind of fact', name, known: [...factKinds.keys()] });
      return [];
    }
    return list.flatMap(({ values: all, at }) => {
      const missing = kind.ids.find((id) => typeof all[id] !== 'string');
      if (missing !== undefined) {
        report.at(at, `${name} has no text for its id ${missing}`);
        return [];
      }
      const fields = Object.entries(all).filter(([key]) => !kind.ids.includes(key));
      return {
        ...{ kind, place: report.place(at) },
        ids: kind.ids.map((id) => String(all[id])),
        fields: Object.fromEntries(fields),
      };
    });
  });
}

/** The principal of a demo or of a test. Reports attributes that its kind does not have, and those that are missing. */
export function examplePrincipal(
  { kind: declared, values, at }: NamedPrincipal,
  { principals, report }: Pick<DemoContext, 'principals' | 'report'>,
): DemoPrincipal {
  const kind = kindNamed(declared);
  const types = principals.get(kind);
  if (types === undefined) {
    report.unknown([...at, 'kind'], {
      what: 'kind of principal',
      name: declared,
      known: [...principals.keys()],
    });
    return { kind, roles: [], attributes: {} };
  }
  // The claims of an issuer's token are attributes, and its id is computed from them.
  if (!isOwnKind(kind)) {
    const claims = Object.entries(types).filter(([name]) => name !== 'id' && name !== 'roles');
    const attributes = readAttributes(values, Object.fromEntries(claims), { at, report });
    return { kind, roles: [], attributes };
  }
  const { id, tenant, name, roles, ...attributes } = readAttributes(values, types, { at, report });
  return {
    kind,
    ...(id !== undefined && { id: String(id) }),
    ...(tenant !== undefined && { tenant: String(tenant) }),
    ...(name !== undefined && { name: String(name) }),
    roles: Array.isArray(roles) ? roles.map(String) : [],
    attributes,
  };
}

function readAttributes(
  values: Raw<PlainValue>,
  types: ObjectType,
  { at, report }: { readonly at: Path; readonly report: Report },
): Attributes {
  const known = Object.keys(types);
  for (const [name, value] of Object.entries(values)) {
    const type = Object.hasOwn(types, name) ? types[name]?.type : undefined;
    if (type === undefined) {
      report.unknown([...at, name], { what: 'attribute of this kind of principal', name, known });
    } else if (!isOfType(value, type)) {
      report.at([...at, name], `${name} must be ${nameOf(type)}`, 'value');
    }
  }
  const found: Record<string, PlainValue> = { ...values };
  for (const [name, { type, optional }] of Object.entries(types)) {
    if (optional || Object.hasOwn(found, name)) continue;
    // A principal has no roles and is nobody special, unless the file says so.
    if (type === 'list(string)') found[name] = [];
    else if (type === 'bool') found[name] = false;
    else report.at(at, `this principal has no ${name}`, 'key');
  }
  return found;
}

function isOfType(value: PlainValue, type: ObjectField['type']): boolean {
  switch (type) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return Number.isSafeInteger(value);
    case 'double':
      return typeof value === 'number';
    case 'list(string)':
      return Array.isArray(value);
    case 'string':
    case 'timestamp':
      return typeof value === 'string';
    default:
      return false;
  }
}
