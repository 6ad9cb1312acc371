import type { FactKind } from '../fact-kind.ts';
import type { DemoFact, DemoPolicy, DemoPrincipal } from '../policy.ts';
import type { DemoDeclaration, FactValues, NamedPrincipal } from './policy-document.ts';
import { kindOf } from './principal-kind.ts';
import type { Report } from './report.ts';

export interface DemoContext {
  readonly factKinds: ReadonlyMap<string, FactKind>;
  readonly report: Report;
}

export function buildDemo(
  { facts, principals, subscribe }: DemoDeclaration,
  context: DemoContext,
): DemoPolicy {
  return {
    facts: exampleFacts(facts, context),
    principals: new Map(principals.map((each) => [each.name, examplePrincipal(each)])),
    subscribe,
  };
}

/** The facts of a demo or of a test: ids and fields together, by kind. */
export function exampleFacts(
  values: FactValues,
  { factKinds, report }: DemoContext,
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
        kind,
        ids: kind.ids.map((id) => String(all[id])),
        fields: Object.fromEntries(fields),
      };
    });
  });
}

export function examplePrincipal({ kind, values }: NamedPrincipal): DemoPrincipal {
  const { id, tenant, name, roles = [], ...attributes } = values;
  return {
    kind: kindOf(kind),
    ...(id !== undefined && { id: String(id) }),
    ...(tenant !== undefined && { tenant: String(tenant) }),
    ...(name !== undefined && { name: String(name) }),
    roles: Array.isArray(roles) ? roles.map(String) : [],
    attributes,
  };
}
