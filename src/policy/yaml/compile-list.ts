import type { Scope } from '../cel/expression.ts';
import type { KindRules, ListEntry, SqlList } from '../channel-type.ts';
import type { RuleInput } from '../principal.ts';
import { conditionsOf, type FactKind } from '../fact-kind.ts';
import type { ChannelContext } from './build-channel.ts';
import type { ResolvedFact } from './compile-rules.ts';
import { buildQuery } from './build-query.ts';
import { compileTexts } from './compile-expression.ts';
import type { ChannelDeclaration, KindList, ListQuery } from './policy-document.ts';
import type { Report } from './report.ts';

interface ListContext {
  readonly declaration: ChannelDeclaration;
  readonly facts: readonly ResolvedFact[];
  readonly context: ChannelContext;
  readonly scope: Scope;
}

/** Compiles the lists of the channels of a kind of principal. */
export function compileList(
  { kind, queries }: KindList,
  list: ListContext,
): Pick<KindRules, 'list' | 'sqlLists'> {
  const compiled = queries.flatMap((query) => compileQuery(query, kind, list) ?? []);
  return {
    list: (input) => compiled.flatMap(({ entryOf }) => entryOf(input) ?? []),
    sqlLists: compiled.flatMap(({ sql }) => sql ?? []),
  };
}

interface CompiledQuery {
  readonly entryOf: (input: RuleInput) => ListEntry | undefined;
  readonly sql?: SqlList;
}

function compileQuery(
  query: ListQuery,
  principal: string,
  list: ListContext,
): CompiledQuery | undefined {
  switch (query.type) {
    case 'params':
      return compileParams(query, list);
    case 'sql':
      return compileSql(query, principal, list);
    case 'fact':
      return compileFacts(query, principal, list);
  }
}

type QueryOf<Type> = Extract<ListQuery, { readonly type: Type }>;

function compileParams(
  { params, at }: QueryOf<'params'>,
  { declaration, context: { report }, scope }: ListContext,
): CompiledQuery {
  const values = compileTexts(params, scope, report);
  const known = Object.keys(declaration.params);
  for (const name of Object.keys(params)) {
    if (known.includes(name)) continue;
    report.unknown([...at, 'params', name], { what: 'parameter of the channel', name, known });
  }
  const missing = known.find((name) => !Object.hasOwn(params, name));
  if (missing !== undefined) report.at(at, `params does not have ${missing}`);
  return {
    entryOf: (input) => {
      const found = values(input);
      return found && { params: found };
    },
  };
}

function compileSql(
  { sql: declared, where, at }: QueryOf<'sql'>,
  principal: string,
  { declaration, context, scope }: ListContext,
): CompiledQuery | undefined {
  const { report, sources } = context;
  const params = Object.keys(declaration.params);
  if (params.length === 0) {
    report.at(
      [...at, 'sql'],
      'a channel without parameters needs no query; write `params: {}`',
      'key',
    );
    return undefined;
  }
  const names = Object.keys(where);
  const query = buildQuery(declared, [...at, 'sql'], { names, sources, report });
  const values = compileTexts(where, scope, report);
  if (query === undefined) return undefined;
  const sql: SqlList = { channel: declaration.pattern, principal, query, params };
  return {
    sql,
    entryOf: (input) => {
      const found = values(input);
      return found && { sql, values: found };
    },
  };
}

function compileFacts(
  query: QueryOf<'fact'>,
  principal: string,
  { declaration, facts, context, scope }: ListContext,
): CompiledQuery | undefined {
  const { report, factKinds } = context;
  const names = Object.keys(declaration.params);
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
    report.at(
      query.at,
      `Usher cannot list ${kind.name}, which is read from a source; write the query of the channels as list.${principal}.sql`,
    );
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
  return {
    entryOf: (input) => {
      const conditions = where(input);
      return conditions && { query: { kind, where: conditions }, paramsOf };
    },
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

function checkConditions({ where, at }: QueryOf<'fact'>, kind: FactKind, report: Report): void {
  const known = conditionsOf(kind);
  for (const name of Object.keys(where)) {
    if (known.includes(name)) continue;
    report.unknown([...at, 'where', name], {
      what: `id or text field of ${kind.name}`,
      name,
      known,
    });
  }
}
