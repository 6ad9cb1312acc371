import { type Field, parseFreshMs, maxFreshMs } from '../fact-kind.ts';
import { checkForward, checkMembers, toHttpFact, type RawHttpFact } from './read-http.ts';
import type { FactDeclaration } from './policy-document.ts';
import { entriesOf, mapValues, namesInBraces, type Raw } from './raw.ts';
import type { Path } from './read-document.ts';
import { hint, type SchemaFault } from './schema-error.ts';

/** A kind of fact, as in the file. */
export interface RawFactKind {
  readonly about?: string;
  readonly ids: readonly string[];
  readonly fields: Raw<Field['type'] | RawField>;
  readonly tenant?: string;
  readonly path?: string;
  readonly sql?: RawSqlFact;
  readonly http?: RawHttpFact;
  readonly fresh?: string;
}

interface RawSqlFact {
  readonly source: string;
  readonly query: string;
  readonly fresh?: string;
}

interface RawField {
  readonly type: Field['type'];
  readonly optional?: boolean;
  readonly one_of?: readonly string[];
  readonly max?: number;
  readonly max_items?: number;
  readonly date?: 'end_of_day';
}

/** The maximum number of characters of a string, if the policy has no other. */
const defaultMaxLength = 255;
/** The maximum number of elements of a list, if the policy has no other. */
const defaultMaxItems = 1000;

export const toFacts = (
  facts: Raw<RawFactKind> | undefined,
  at: Path,
): readonly FactDeclaration[] =>
  entriesOf(facts, at).map(({ key, value: { fields, fresh, http, ...others }, at: place }) => ({
    name: key,
    at: place,
    ...others,
    ...(http !== undefined && { http: toHttpFact(http) }),
    ...toFreshness(fresh, { ...others, ...(http && { http }) }, place),
    fields: mapValues(fields, [...place, 'fields'], toField),
  }));

/** `fresh` may be beside the source of a fact, or in it. */
function toFreshness(
  ofKind: string | undefined,
  { sql, http }: Pick<RawFactKind, 'sql' | 'http'>,
  place: Path,
): Pick<FactDeclaration, 'fresh'> {
  const inSource = sql?.fresh ?? http?.fresh;
  const name = sql?.fresh === undefined ? 'http' : 'sql';
  const [text, at] = ofKind === undefined ? [inSource, [name, 'fresh']] : [ofKind, ['fresh']];
  if (text === undefined) return {};
  const isTwice = ofKind !== undefined && inSource !== undefined;
  return { fresh: { ms: parseFreshMs(text), at: [...place, ...at], isTwice } };
}

function toField(field: Field['type'] | RawField): Field {
  const long: RawField = typeof field === 'string' ? { type: field } : field;
  return {
    type: long.type,
    optional: long.optional ?? false,
    ...(long.one_of !== undefined && { oneOf: long.one_of }),
    maxLength: long.max ?? defaultMaxLength,
    maxItems: long.max_items ?? defaultMaxItems,
    dateMeansEndOfDay: long.date === 'end_of_day',
  };
}

/** A check that the schema cannot express: ids, fields and tenant fit together. */
export const checkFact = ({
  at,
  ids,
  fields,
  tenant,
  path,
}: FactDeclaration): readonly SchemaFault[] => [
  ...ids
    .filter((id) => Object.hasOwn(fields, id))
    .map((id): SchemaFault => {
      const message = `${id} is an id and a field of this kind of fact`;
      return { path: [...at, 'fields', id], part: 'key', message };
    }),
  ...(tenant === undefined || ids.includes(tenant) || Object.hasOwn(fields, tenant)
    ? []
    : [
        {
          path: [...at, 'tenant'],
          part: 'value' as const,
          message: `${tenant} is neither an id nor a field of this kind of fact; ${hint(tenant, [...ids, ...Object.keys(fields)])}`,
        },
      ]),
  ...(tenant === undefined ? [] : tenantTypeFaults(tenant, fields)).map((fault) => ({
    ...fault,
    path: [...at, 'tenant'],
  })),
  ...(path === undefined
    ? []
    : secondPathFaults(path, ids).map((fault) => ({ ...fault, path: [...at, 'path'] }))),
];

/** Tenants of tokens and requests are texts: a fact with another tenant would be hidden from everybody. The faults have no place. */
export function tenantTypeFaults(
  tenant: string,
  fields: Readonly<Record<string, Pick<Field, 'type'>>>,
): readonly SchemaFault[] {
  const { type = 'string' } = (Object.hasOwn(fields, tenant) && fields[tenant]) || {};
  if (type === 'string') return [];
  const message = `the tenant must be a string, and ${tenant} is of the type ${type}`;
  return [{ path: [], part: 'value', message }];
}

/** Whether the operator's port can have this second path. The faults have no place. */
export const secondPathFaults = (path: string, ids: readonly string[]): readonly SchemaFault[] => [
  // The operator's port has second paths only below this one.
  ...(path.startsWith('/resources/')
    ? []
    : [{ path: [], part: 'value' as const, message: '`path` must begin with /resources/' }]),
  ...pathFaults(path, ids),
];

/** A check that the schema cannot express: the keys that a kind with a source may have. */
export function checkOrigin(fact: FactDeclaration): readonly SchemaFault[] {
  const { at, name, fields, path, sql, http, fresh } = fact;
  const origin = sql ?? http;
  const faults: SchemaFault[] = [];
  const fault = (place: Path, part: SchemaFault['part'], message: string) =>
    faults.push({ path: place, part, message });
  if (fresh !== undefined) {
    if (origin === undefined)
      fault(fresh.at, 'key', `${name} has no source, so \`fresh\` has no effect`);
    if (fresh.isTwice)
      fault(
        fresh.at,
        'key',
        `\`fresh\` is declared twice: here and in \`${sql ? 'sql' : 'http'}\``,
      );
    if (fresh.ms > maxFreshMs) fault(fresh.at, 'value', '`fresh` must be at most 60s');
  }
  const session = Object.keys(fields).find((field) => fields[field]?.type === 'guest_session');
  if (origin !== undefined && session !== undefined) {
    fault(
      [...at, 'fields', session],
      'key',
      'a fact of a source has no field of the type guest_session',
    );
  }
  if (sql !== undefined && http !== undefined) {
    fault([...at, 'http'], 'key', 'a fact has one source: `sql` or `http`');
  }
  if (http !== undefined && path !== undefined) {
    fault([...at, 'path'], 'key', 'a fact of a source is not stored, and has no second `path`');
  }
  return [...faults, ...checkHttp(fact)];
}

const eachIdOnce = (ids: readonly string[]): string =>
  `the path must have each id once: ${ids.map((id) => `{${id}}`).join(', ')}`;

function checkHttp({ at, ids, fields, http }: FactDeclaration): readonly SchemaFault[] {
  if (http === undefined) return [];
  const path = [...at, 'http', 'path'];
  return [
    ...checkForward(http.forward, [...at, 'http']),
    ...checkMembers(http.members, Object.keys(fields), [...at, 'http']),
    ...pathFaults(http.path, ids).map((fault) => ({ ...fault, path })),
  ];
}

/** Whether a path has each id once. The faults have no place. */
export function pathFaults(path: string, ids: readonly string[]): readonly SchemaFault[] {
  if (haveSameNames(namesInBraces(path), ids)) return [];
  return [{ path: [], part: 'value', message: eachIdOnce(ids) }];
}

const haveSameNames = (one: readonly string[], other: readonly string[]): boolean =>
  [...one].sort().join(' ') === [...other].sort().join(' ');
