import type { ListEntry } from '../channel-type.ts';
import type { Check, InfoValue, Member } from '../decision.ts';
import { infoValue } from '../member.ts';
import { conditionsOf, type FactReference } from '../fact-kind.ts';
import { isCheck } from './check.ts';
import { definedFact, isDefinedKind } from './define-fact.ts';

/** The checks that a rule returned. Throws a `TypeError` unless it is an array of checks, with at least one unless the channel has `ask`. */
export function readChecks(value: unknown, hasAsk = false): readonly Check[] {
  if (!Array.isArray(value) || (value.length === 0 && !hasAsk)) {
    throw new TypeError('must return an array with at least one check(…)');
  }
  // Not `every`, which skips the holes of a sparse array; and not `Array.from`, which takes a microsecond.
  for (const each of value as readonly unknown[]) {
    if (!isCheck(each)) throw new TypeError('must return an array of check(…) only');
  }
  return value as readonly Check[];
}

/** The reference that the function of a fact returned; `undefined` if there is no fact. Throws a `TypeError`. */
export function readReference(value: unknown): FactReference | undefined {
  if (value === undefined) return undefined;
  const { kind, ids } = record(value);
  if (!isDefinedKind(kind) || !Array.isArray(ids)) {
    throw new TypeError('must return a fact of defineFact, such as course(params.course)');
  }
  if (ids.length !== kind.ids.length) {
    throw new TypeError(`must return a fact with ${kind.ids.length} ids: ${kind.ids.join(', ')}`);
  }
  return { kind, ids: Array.from(ids, (id: unknown) => text(id, `the id of a ${kind.name}`)) };
}

/** The presence member. Throws a `TypeError`. */
export function readMember(value: unknown): Member {
  const { id, info } = record(value);
  const user_id = text(id, 'the id of the member');
  if (info === undefined) return { user_id };
  const entries = Object.entries(record(info)).filter(([, each]) => each !== undefined);
  const named = entries.map(([name, each]) => [name, readInfo(each)] as const);
  return { user_id, user_info: Object.fromEntries(named) };
}

function readInfo(value: unknown): InfoValue {
  const found = infoValue(value);
  if (found !== undefined) return found;
  throw new TypeError(
    'must return an info of strings, finite numbers, booleans, times and lists of strings',
  );
}

/** The lists of channels with these parameters, without those that lack a value. Throws a `TypeError`. */
export function readList(value: unknown, params: readonly string[]): readonly ListEntry[] {
  return (Array.isArray(value) ? Array.from<unknown>(value) : [value]).flatMap((each) => {
    const entry = record(each);
    const known = 'fact' in entry ? ['fact', 'where'] : ['params'];
    onlyNames(Object.keys(entry), known);
    return 'fact' in entry ? readQuery(entry, params) : readParams(entry['params'], params);
  });
}

function readParams(value: unknown, params: readonly string[]): readonly ListEntry[] {
  const values = readValues(value, params);
  const absent = params.filter((name) => !Object.hasOwn(record(value), name));
  if (absent.length > 0) throw new TypeError(`must return the parameter ${absent.join(', ')}`);
  return values === undefined ? [] : [{ params: values }];
}

function readQuery(
  { fact, where }: Readonly<Record<string, unknown>>,
  params: readonly string[],
): readonly ListEntry[] {
  const kind = definedFact(fact);
  if (kind === undefined) throw new TypeError('must return a fact that defineFact made');
  if (kind.from !== undefined) {
    throw new TypeError(
      `cannot list ${kind.name}, which is read from a source; write { sql: { source, query }, where } in place of the function`,
    );
  }
  for (const name of params) {
    if (!kind.ids.includes(name)) {
      throw new TypeError(
        `cannot list {${name}} by ${kind.name}, whose ids are ${kind.ids.join(', ')}`,
      );
    }
  }
  const values = readValues(where, conditionsOf(kind));
  if (values === undefined) return [];
  if (Object.keys(values).length === 0) throw new TypeError('must return a where with a condition');
  const paramsOf = (ids: readonly string[]) =>
    Object.fromEntries(params.map((name) => [name, ids[kind.ids.indexOf(name)] ?? '']));
  return [{ query: { kind, where: values }, paramsOf }];
}

/** Strings by name; `undefined` if one of them is. */
function readValues(
  value: unknown,
  names: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(record(value));
  onlyNames(
    entries.map(([name]) => name),
    names,
  );
  if (entries.some(([, each]) => each === undefined)) return undefined;
  return Object.fromEntries(entries.map(([name, each]) => [name, text(each, name)]));
}

function onlyNames(names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`returned ${unknown}; it may return ${known.join(', ') || 'no name'}`);
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('must return an object');
  }
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new TypeError(`must return a string as ${what}`);
  return value;
}

/** The value of a condition, if there is one. Throws a `TypeError`. */
export function readCondition(value: unknown): string | undefined {
  return value === undefined ? undefined : text(value, 'a condition');
}
