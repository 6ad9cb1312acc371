import type { FactKind, Field } from '../policy/fact-kind.ts';
import { FactRefused } from '../policy/fact-refused.ts';
import { parseDate, parseDatetime } from '../runtime/datetime.ts';
import { isJsonObject, unknownMember } from '../runtime/json.ts';
import type { StoredFields } from './stored-fields.ts';

/** The maximum number of characters of an id: as many as the subject of a token may have. */
const maxIdLength = 255;

/** Throws `FactRefused` unless these can be the ids of a fact of this kind. */
export function checkIds(kind: FactKind, ids: readonly string[]): void {
  if (ids.length !== kind.ids.length) {
    throw new FactRefused(`${kind.name} has ${kind.ids.length} ids: ${kind.ids.join(', ')}`);
  }
  for (const [place, name] of kind.ids.entries()) {
    const id = ids[place];
    if (typeof id !== 'string') throw new FactRefused(`${name} must be string`);
    if (id === '') throw new FactRefused(`${name} must NOT have fewer than 1 characters`);
    if (id.length > maxIdLength) {
      throw new FactRefused(`${name} must NOT have more than ${maxIdLength} characters`);
    }
    checkPrintable(name, id);
  }
}

/**
 * Checks the body of a fact, and returns its fields as they are stored: times as RFC 3339 in UTC with milliseconds.
 * Throws `FactRefused`.
 */
export function parseFields({ fields }: FactKind, body: unknown): StoredFields {
  if (!isJsonObject(body)) throw new FactRefused('body must be object');
  for (const [name, { optional }] of Object.entries(fields)) {
    if (!optional && !Object.hasOwn(body, name)) {
      throw new FactRefused(`body must have required property '${name}'`);
    }
  }
  const stored: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) {
      throw new FactRefused(unknownMember(name));
    }
    // An absent value, as in facts by HTTP and SQL.
    if (value === null && field.optional) continue;
    stored[name] = parseField(name, field, value);
  }
  return stored;
}

function parseField(name: string, field: Field, value: unknown): unknown {
  const refuse = (problem: string) => new FactRefused(`body/${name} ${problem}`);
  switch (field.type) {
    case 'bool':
      if (typeof value !== 'boolean') throw refuse('must be boolean');
      return value;
    case 'int':
      if (!Number.isSafeInteger(value)) throw refuse('must be integer, within ±(2^53 - 1)');
      return value;
    case 'double':
      if (typeof value !== 'number') throw refuse('must be number');
      return value;
    case 'list(string)':
      return parseList(name, field, value);
    case 'timestamp':
      return parseTime(name, field, value);
    case 'string':
    case 'guest_session':
      checkText({ name, path: name, maxLength: field.maxLength }, value);
      if (field.oneOf?.includes(value as string) === false) {
        throw refuse(`must be one of ${field.oneOf.join(', ')}`);
      }
      return value;
  }
}

function parseList(name: string, { maxItems, maxLength }: Field, value: unknown): unknown {
  const refuse = (problem: string) => new FactRefused(`body/${name} ${problem}`);
  if (!Array.isArray(value)) throw refuse('must be array');
  if (value.length > maxItems) throw refuse(`must NOT have more than ${maxItems} items`);
  const places = new Map<unknown, number>();
  for (const [place, item] of (value as readonly unknown[]).entries()) {
    checkText({ name, path: `${name}/${place}`, maxLength }, item);
    const before = places.get(item);
    if (before !== undefined) {
      throw refuse(`must NOT have duplicate items (items ## ${before} and ${place} are identical)`);
    }
    places.set(item, place);
  }
  return value;
}

const wholeDay = 24 * 60 * 60 * 1000;

/** In characters: no RFC 3339 time with milliseconds is longer. */
const maxTimeLength = 40;

function parseTime(name: string, { dateMeansEndOfDay }: Field, value: unknown): string {
  checkText({ name, path: name, maxLength: maxTimeLength }, value);
  const text = value as string;
  const day = dateMeansEndOfDay ? parseDate(text) : undefined;
  const time = day === undefined ? parseDatetime(text) : day + wholeDay;
  // Four digits: PostgreSQL and JavaScript write other years in different ways.
  const stored = time === undefined ? '' : new Date(time).toISOString();
  if (/^(?!0000)\d{4}-/.test(stored)) return stored;
  const date = dateMeansEndOfDay ? 'a date, or ' : '';
  throw new FactRefused(`${name} must be ${date}a time with its zone such as 2025-12-31T11:00:00Z`);
}

interface CheckedText {
  readonly name: string;
  /** The path of the text in the body. */
  readonly path: string;
  readonly maxLength: number;
}

function checkText({ name, path, maxLength }: CheckedText, value: unknown): void {
  const refuse = (problem: string) => new FactRefused(`body/${path} ${problem}`);
  if (typeof value !== 'string') throw refuse('must be string');
  if (value === '') throw refuse('must NOT have fewer than 1 characters');
  // A surrogate pair is one character.
  if (value.length > maxLength && Array.from(value).length > maxLength) {
    throw refuse(`must NOT have more than ${maxLength} characters`);
  }
  checkPrintable(name, value);
}

/**
 * Refuses NUL and unpaired surrogates, which the database cannot store, and control characters, which no id of a token
 * contains.
 */
function checkPrintable(name: string, text: string): void {
  if (/[\p{Cc}\p{Cs}]/u.test(text)) {
    throw new FactRefused(`${name} has a character that cannot be stored`);
  }
}
