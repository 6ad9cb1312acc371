import type { Scope } from '../cel/expression.ts';
import type { KindRules, ListEntry, RuleInput } from '../channel-type.ts';
import type { FactKind, FactQuery } from '../fact-kind.ts';
import type { ChannelContext, ResolvedFact } from './build-channel.ts';
import { compileTexts } from './compile-expression.ts';
import type { ChannelDeclaration, KindList, ListQuery } from './policy-document.ts';
import type { Report } from './report.ts';

export interface ListContext {
  readonly declaration: ChannelDeclaration;
  readonly facts: readonly ResolvedFact[];
  readonly context: ChannelContext;
  readonly scope: Scope;
}

/** Compiles the lists of the channels of a kind of principal. */
export function compileList(
  { queries }: KindList,
  list: ListContext,
): NonNullable<KindRules['list']> {
  const compiled = queries.flatMap((query) => compileQuery(query, list) ?? []);
  return (input) => compiled.flatMap((entry) => entry(input) ?? []);
}

function compileQuery(
  query: ListQuery,
  { declaration, facts, context, scope }: ListContext,
): ((input: RuleInput) => ListEntry | undefined) | undefined {
  const { report, factKinds } = context;
  const names = Object.keys(declaration.params);
  if (query.type === 'params') {
    const values = compileTexts(query.params, scope, report);
    const missing = names.find((name) => !Object.hasOwn(query.params, name));
    if (missing !== undefined) report.at(query.at, `params does not have ${missing}`);
    return (input) => {
      const params = values(input);
      return params && { params };
    };
  }
  const kind = factKinds.get(query.fact);
  if (kind === undefined) {
    report.unknown(query.at, {
      what: 'kind of fact',
      name: query.fact,
      known: [...factKinds.keys()],
    });
    return undefined;
  }
  if (kind.from !== undefined) {
    report.at(query.at, `${kind.name} is read from a source, so Usher has no list of its facts`);
    return undefined;
  }
  checkConditions(query, kind, report);
  const places = placesOf(names, kind, facts);
  const missing = names.find((name) => places[name] === undefined);
  if (missing !== undefined) {
    report.at(query.at, `no id of ${kind.name} is the parameter ${missing} of the channel`);
  }
  const where = compileTexts(query.where, scope, report);
  const paramsOf = (ids: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, ids[places[name] ?? -1] ?? '']));
  return (input) => {
    const conditions = where(input);
    return conditions && { query: { kind, where: conditions } satisfies FactQuery, paramsOf };
  };
}

/** The place of the id of each parameter: as in the facts of the channel, otherwise the id of the same name. */
function placesOf(
  params: readonly string[],
  kind: FactKind,
  facts: readonly ResolvedFact[],
): Readonly<Record<string, number | undefined>> {
  const used = facts.find((fact) => fact.kind === kind);
  const placeOf = (name: string): number | undefined => {
    const place =
      used?.ids.findIndex(({ text }) => text.trim() === `params.${name}`) ?? kind.ids.indexOf(name);
    return place === -1 ? undefined : place;
  };
  return Object.fromEntries(params.map((name) => [name, placeOf(name)]));
}

/** The types of fields that have an index. */
const indexed: readonly string[] = ['string', 'list(string)', 'guest_session'];

function checkConditions(
  { where, at }: Extract<ListQuery, { readonly type: 'fact' }>,
  kind: FactKind,
  report: Report,
): void {
  const indexes = [
    ...kind.ids,
    ...Object.entries(kind.fields).flatMap(([name, { type }]) => {
      if (!indexed.includes(type)) return [];
      return type === 'guest_session' ? [name, `${name}.user`] : [name];
    }),
  ];
  for (const name of Object.keys(where)) {
    if (indexes.includes(name)) continue;
    report.unknown([...at, 'where', name], {
      what: `id or text field of ${kind.name}`,
      name,
      known: indexes,
    });
  }
}
