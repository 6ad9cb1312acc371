import { readOrigin, type OriginSpec } from './fact-origin.ts';
import type { FactKind, Field, LinkedGuestSession } from '../fact-kind.ts';
import { secondPathFaults, tenantTypeFaults } from '../yaml/read-facts.ts';
import { hint } from '../yaml/schema-error.ts';
import { partProblem } from '../yaml/validate.ts';
import type { Invalid } from './sql-spec.ts';

/** The type of a field, such as `'string'`, or the type with its limits. */
export type FieldSpec =
  Field['type'] | (Partial<Omit<Field, 'type'>> & { readonly type: Field['type'] });

export type FieldSpecs = Readonly<Record<string, FieldSpec>>;

/** The declaration of a kind of fact. */
export interface FactSpec<
  Ids extends readonly string[],
  Fields extends FieldSpecs,
> extends OriginSpec {
  /** The names of the ids, in their order. */
  readonly ids: Ids;
  readonly fields: Fields;
  /** The id or the field that names the tenant, for row-level security. */
  readonly tenant?: Ids[number] | (keyof Fields & string);
  /** A second path of its facts on the operator's port, such as `/resources/courses/{course}`, with each id once. */
  readonly path?: string;
  /** A description of the kind, for the documentation. */
  readonly about?: string;
}

interface ValueOfType {
  readonly string: string;
  readonly int: number;
  readonly double: number;
  readonly bool: boolean;
  readonly timestamp: Date;
  readonly 'list(string)': readonly string[];
  readonly guest_session: LinkedGuestSession;
}

type TypeOf<Spec extends FieldSpec> = Spec extends Field['type'] ? Spec : Spec['type' & keyof Spec];

type ValueOf<Spec extends FieldSpec> = Spec extends {
  readonly type: 'string';
  readonly oneOf: readonly (infer Value)[];
}
  ? Value
  : ValueOfType[TypeOf<Spec> & keyof ValueOfType];

type OptionalNames<Fields extends FieldSpecs> = {
  [Name in keyof Fields]: Fields[Name] extends { readonly optional: true } ? Name : never;
}[keyof Fields];

/** The fields of a fact in rules. An absent field has no key. */
export type FactValues<Fields extends FieldSpecs> = {
  readonly [Name in Exclude<keyof Fields, OptionalNames<Fields>>]: ValueOf<Fields[Name]>;
} & { readonly [Name in OptionalNames<Fields>]?: ValueOf<Fields[Name]> };

/** The fact of a kind with these ids. `Values` is the type of its fields. */
export interface FactReference<Values = unknown> {
  readonly kind: FactKind;
  readonly ids: readonly string[];
  /** Never set: it carries the type. */
  readonly values?: Values;
}

/** A kind of fact, and the function that refers to one of its facts by its ids. */
export interface DefinedFact<Ids extends readonly string[], Fields extends FieldSpecs> {
  (...ids: { readonly [Index in keyof Ids]: string }): FactReference<FactValues<Fields>>;
  readonly kind: FactKind;
}

const defined = new WeakMap<object, FactKind>();
const kinds = new WeakSet<object>();

/** Whether `defineFact` made this kind. */
export function isDefinedKind(value: unknown): value is FactKind {
  return typeof value === 'object' && value !== null && kinds.has(value);
}

/** The kind of fact that this value declares, if `defineFact` returned it. */
export function definedFact(value: unknown): FactKind | undefined {
  return typeof value === 'function' ? defined.get(value) : undefined;
}

/** The limits of a field that does not set them. */
const defaults = { optional: false, maxLength: 255, maxItems: 1000, dateMeansEndOfDay: false };

const valueTypes: readonly Field['type'][] = [
  'string',
  'int',
  'double',
  'bool',
  'timestamp',
  'list(string)',
  'guest_session',
];

/** Declares a kind of fact. Throws an `Error` that names the kind if the declaration is invalid. */
export function defineFact<const Ids extends readonly string[], const Fields extends FieldSpecs>(
  name: string,
  spec: FactSpec<Ids, Fields>,
): DefinedFact<Ids, Fields> {
  const invalid = (why: string) => new Error(`Fact ${name}: ${why}`);
  checkShape({ ...spec }, invalid);
  const { ids, tenant, path, about } = spec;
  const fields = Object.fromEntries(
    Object.entries(spec.fields).map(([field, type]) => {
      if (ids.includes(field)) throw invalid(`${field} is an id and a field`);
      return [field, fieldOf(type, (why) => invalid(`field ${field}: ${why}`))];
    }),
  );
  for (const each of [name, ...ids, ...Object.keys(fields)]) {
    if (partProblem('name', each) !== undefined) throw invalid(`invalid name ${each}`);
  }
  if (ids.length === 0) throw invalid('ids are missing');
  if (new Set(ids).size !== ids.length) throw invalid('an id occurs twice');
  if (ids.length > 6) throw invalid('ids has more than 6 names');
  if (Object.keys(fields).length > 32) throw invalid('fields has more than 32 names');
  if (tenant !== undefined && !ids.includes(tenant) && !Object.hasOwn(fields, tenant)) {
    const known = hint(tenant, [...ids, ...Object.keys(fields)]);
    throw invalid(`the tenant ${tenant} is neither an id nor a field; ${known}`);
  }
  const [wrongType] = tenant === undefined ? [] : tenantTypeFaults(tenant, fields);
  if (wrongType !== undefined) throw invalid(wrongType.message);
  const problem = path === undefined ? undefined : partProblem('path', path);
  if (problem !== undefined) throw invalid(problem);
  const [fault] = path === undefined ? [] : secondPathFaults(path, ids);
  if (fault !== undefined) throw invalid(fault.message);
  const from = readOrigin(spec, { ids, fields: Object.keys(fields) }, invalid);
  const sessions = Object.values(fields).filter(({ type }) => type === 'guest_session');
  if (from !== undefined && sessions.length > 0) {
    throw invalid('a fact of a source has no field of the type guest_session');
  }
  if (sessions.length > 1) throw invalid('it may have one field of the type guest_session');
  const kind: FactKind = {
    name,
    ids,
    fields,
    ...(tenant !== undefined && { tenant }),
    ...(path !== undefined && { path }),
    ...(about !== undefined && { about }),
    ...(from !== undefined && { from }),
  };
  const refer = (...values: readonly string[]) => ({ kind, ids: values });
  defined.set(refer, kind);
  kinds.add(kind);
  // The compiler checks the number of ids where the function is called.
  return Object.assign(refer, { kind });
}

const keys = ['ids', 'fields', 'tenant', 'path', 'about', 'sql', 'http', 'fresh'];

/** The types of a module are not checked. */
function checkShape(spec: Readonly<Record<string, unknown>>, invalid: Invalid): void {
  const unknown = Object.keys(spec).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw invalid(`unknown key ${unknown}; ${hint(unknown, keys)}`);
  const { ids, fields } = spec;
  const isList = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  if (!isList) throw invalid('ids is not a list of names');
  if (typeof fields !== 'object' || fields === null) throw invalid('fields is not an object');
  for (const key of ['tenant', 'path', 'about']) {
    const value = spec[key];
    if (value !== undefined && typeof value !== 'string') throw invalid(`${key} is not a string`);
  }
  const { about } = spec;
  const problem = about === undefined ? undefined : partProblem('sentence', about, 'about');
  if (problem !== undefined) throw invalid(problem);
}

/** As in YAML. */
const isCount = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= 10_000;
const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');

interface Limit {
  readonly isValid: (value: unknown) => boolean;
  /** The types that it limits; every type without it. */
  readonly of?: readonly Field['type'][];
}

/** The limits of a field. One of another type would limit nothing. */
const limitsOf: Readonly<Record<Exclude<keyof Field, 'type'>, Limit>> = {
  optional: { isValid: isBoolean },
  oneOf: { isValid: isTextList, of: ['string'] },
  maxLength: { isValid: isCount, of: ['string', 'list(string)'] },
  maxItems: { isValid: isCount, of: ['list(string)'] },
  dateMeansEndOfDay: { isValid: isBoolean, of: ['timestamp'] },
};

function fieldOf(spec: FieldSpec, invalid: (why: string) => Error): Field {
  const { type, ...limits } = Object(
    typeof spec === 'string' ? { type: spec } : spec,
  ) as Partial<Field>;
  if (type === undefined || !valueTypes.includes(type)) {
    throw invalid(`the type must be one of ${valueTypes.join(', ')}`);
  }
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(limitsOf, name)) {
      throw invalid(`unknown limit ${name}; ${hint(name, Object.keys(limitsOf))}`);
    }
    const { isValid, of }: Limit = limitsOf[name as keyof typeof limitsOf];
    if (!isValid(value)) throw invalid(`the limit ${name} is invalid`);
    if (of?.includes(type) === false)
      throw invalid(`the limit ${name} is not for the type ${type}`);
  }
  return { ...defaults, ...limits, type };
}
