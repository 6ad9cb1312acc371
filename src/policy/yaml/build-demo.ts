import type { FactKind } from '../fact-kind.ts';
import type { ObjectField, ObjectType } from '../cel/expression.ts';
import { nameOf } from '../cel/types.ts';
import { type Attributes, type AttributeValue, kindNamed, ruleName } from '../principal.ts';
import type { DemoFact, DemoPolicy, DemoPrincipal, IssuerPolicy } from '../policy.ts';
import type {
  DemoDeclaration,
  FactValuesDeclaration,
  NamedPrincipal,
  PlainValue,
} from './policy-document.ts';
import type { Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import type { Report } from './report.ts';
import type { PrincipalTypes } from './rule-scope.ts';

interface DemoContext {
  readonly factKinds: ReadonlyMap<string, FactKind>;
  readonly principals: PrincipalTypes;
  readonly issuers: ReadonlyMap<string, IssuerPolicy>;
  readonly report: Report;
}

export function buildDemo(
  { facts, principals, subscribe }: DemoDeclaration,
  context: DemoContext,
): DemoPolicy {
  for (const [name, [first]] of Object.entries(facts)) {
    if (context.factKinds.get(name)?.from === undefined || first === undefined) continue;
    const message = `${name} is read from a source, so a demo cannot store it`;
    context.report.at(first.at.slice(0, -1), message, 'key');
  }
  return {
    facts: exampleFacts([facts, ['demo', 'facts']], context),
    principals: new Map(principals.map((each) => [each.name, examplePrincipal(each, context)])),
    subscribe: subscribe.map(({ who, channel, at }) => ({
      who,
      channel,
      place: context.report.place([...at, 'channel']),
    })),
  };
}

/** The facts of a demo or of a test: ids and fields together, by kind. */
export function exampleFacts(
  [values, at]: readonly [FactValuesDeclaration, Path],
  { factKinds, report }: Pick<DemoContext, 'factKinds' | 'report'>,
): readonly DemoFact[] {
  return Object.entries(values).flatMap(([name, list]) => {
    const kind = factKinds.get(name);
    if (kind === undefined) {
      const path = [...at, name];
      report.unknown(path, { what: 'kind of fact', name, known: [...factKinds.keys()] });
      return [];
    }
    return list.flatMap(({ values: all, at: place }) => {
      const missing = kind.ids.find((id) => typeof all[id] !== 'string');
      if (missing !== undefined) {
        if (all[missing] === undefined) report.at(place, `${name} has no id ${missing}`);
        else
          report.at([...place, missing], `the id ${missing} must be a string: write it in quotes`);
        return [];
      }
      const fields = Object.entries(all).filter(([key]) => !kind.ids.includes(key));
      return {
        kind,
        place: report.place(place),
        ids: kind.ids.map((id) => String(all[id])),
        fields: Object.fromEntries(fields),
      };
    });
  });
}

/** The principal of a demo or of a test. Reports attributes that its kind does not have, and those that are missing. */
export function examplePrincipal(
  { kind: named, values, at }: NamedPrincipal,
  { principals, issuers, report }: Omit<DemoContext, 'factKinds'>,
): DemoPrincipal {
  const kind = kindNamed(named);
  const types = principals.get(kind);
  if (types === undefined) {
    report.unknown([...at, 'kind'], {
      what: 'kind of principal',
      name: named,
      known: [...principals.keys()].map(ruleName),
    });
    return { kind, roles: [], attributes: {} };
  }
  const made = [...issuers.values()].filter((each) => each.kind === kind);
  const read = readAttributes(values, typesOfExample(types, made), { at, report });
  const declared = new Set(made.flatMap(({ attributes }) => Object.keys(attributes)));
  const entries = Object.entries(read);
  const own = Object.fromEntries(entries.filter(([key]) => !declared.has(key)));
  const { id, tenant, name, roles, ...others } = own;
  return {
    kind,
    ...(id !== undefined && { id: String(id) }),
    ...(tenant !== undefined && { tenant: String(tenant) }),
    ...(name !== undefined && { name: String(name) }),
    roles: Array.isArray(roles) ? roles.map(String) : [],
    attributes: { ...others, ...Object.fromEntries(entries.filter(([key]) => declared.has(key))) },
  };
}

/** The attributes that an example of a kind may have: those of its tokens. An id that is made of attributes is computed from them. */
function typesOfExample(types: ObjectType, made: readonly IssuerPolicy[]): ObjectType {
  const isDeclared = (name: string) =>
    made.some(({ attributes }) => Object.hasOwn(attributes, name));
  const computed = made.some(({ id }) => id.length > 0) ? ['id'] : [];
  const unread =
    made.length > 0 && made.every(({ claims }) => claims.roles.length === 0) ? ['roles'] : [];
  const hidden = [...computed, ...unread].filter((name) => !isDeclared(name));
  return Object.fromEntries(Object.entries(types).filter(([name]) => !hidden.includes(name)));
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
  const found: Record<string, AttributeValue> = { ...values };
  for (const [name, { type, optional }] of Object.entries(types)) {
    const value = found[name];
    if (type === 'timestamp' && typeof value === 'string') found[name] = new Date(value);
    if (optional || value !== undefined) continue;
    // A principal has no roles, and no attribute is true, unless the file declares it.
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
      return typeof value === 'string';
    case 'timestamp':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value));
    default:
      return false;
  }
}
