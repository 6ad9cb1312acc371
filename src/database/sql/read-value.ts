import { types } from 'pg';
import type { FactValue, Field } from '../../policy/fact-kind.ts';
import { parseJson } from '../../runtime/json.ts';
import { infiniteTimes, textsOf } from '../application-values.ts';
import type { SqlColumn } from './sql-result.ts';

/** Reads a value of a column that is not NULL. `undefined` if it cannot be a value of the field. */
export type ReadValue = (value: unknown) => FactValue | undefined;

/** The function that reads values of a column for a type of field; `undefined` if they do not go together. */
export function readerOf(field: Field, { type, isComputed }: SqlColumn): ReadValue | undefined {
  const reader = readers[field.type]?.[type];
  if (reader !== undefined) return field.dateMeansEndOfDay ? (endsOfDay[type] ?? reader) : reader;
  // MySQL has no booleans: an expression of integers may be a truth value, a column is a number.
  return field.type === 'bool' && isComputed && type in integerReaders ? readDigit : undefined;
}

/** The types of columns that a field may have, for messages. */
export function columnTypesOf({ type }: Field): readonly string[] {
  return Object.keys(readers[type] ?? {});
}

/** How a query converts a column to the type of a field, for messages. */
export function conversionTo({ type }: Field, column: string): string {
  if (type === 'bool') return `use a comparison, such as ${column} <> 0`;
  if (type === 'timestamp') {
    return 'use CAST, and to_timestamp() or FROM_UNIXTIME() for seconds since 1970';
  }
  return 'use CAST';
}

/** The types of columns whose values have one text each, which may be an id in a channel name. */
export const idColumnTypes: readonly string[] = [
  ...['text', 'varchar', 'bpchar', 'name', 'uuid', 'enum', 'citext'],
  ...['int2', 'int4', 'int8', 'tinyint', 'smallint', 'mediumint', 'int', 'bigint'],
  ...['smallint(1)', 'mediumint(1)', 'int(1)', 'bigint(1)'],
];

const forEach = (names: string, read: ReadValue): Readonly<Record<string, ReadValue>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, read]));

const readText: ReadValue = (value) => (typeof value === 'string' ? value : undefined);

/** PostgreSQL fills a value of char(n) with spaces, which are not part of it. */
const readPadded: ReadValue = (value) =>
  typeof value === 'string' ? value.replace(/ +$/, '') : undefined;

/** A number that JavaScript would round is refused. A decimal number without a fraction is an integer. */
const readInt: ReadValue = (value) => {
  const number = /^-?\d+(?:\.0+)?$/.test(String(value)) ? Number(value) : NaN;
  return Number.isSafeInteger(number) ? number : undefined;
};

const readDouble: ReadValue = (value) => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};

const readBool: ReadValue = (value) => (value === 't' ? true : value === 'f' ? false : undefined);

/** MySQL has no booleans: a tinyint may also have other numbers, which are refused. */
const readDigit: ReadValue = (value) => {
  const digit = Buffer.isBuffer(value) ? value[0] : value;
  return digit === 1 ? true : digit === 0 ? false : undefined;
};

/** Times are in UTC, which is the zone of the session. Only years of four digits are read. */
const readTime: ReadValue = (value) => {
  if (typeof value !== 'string') return undefined;
  const fixed = infiniteTimes[value];
  if (fixed !== undefined) return new Date(fixed);
  const [, date, time = '00:00:00'] =
    /^(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:\+00)?)?$/.exec(value) ?? [];
  const read = new Date(`${date}T${time}Z`);
  return Number.isNaN(read.getTime()) ? undefined : read;
};

const dayMs = 24 * 60 * 60 * 1000;

const readEndOfDay: ReadValue = (value) => {
  const begin = readTime(value);
  if (!(begin instanceof Date) || infiniteTimes[String(value)] !== undefined) return begin;
  return new Date(begin.getTime() + dayMs);
};

const endsOfDay = forEach('date', readEndOfDay);

/** The parser of text[]. Arrays of all types are written in the same way. */
const parseArray = types.getTypeParser(1009 as never) as (text: string) => unknown;

const readArray: ReadValue = (value) =>
  typeof value === 'string' ? textsOf(parseArray(value)) : undefined;

const readJson: ReadValue = (value) =>
  typeof value === 'string' ? textsOf(parseJson(value)) : undefined;

const integers =
  'int2 int4 int8 tinyint smallint mediumint int bigint year smallint(1) mediumint(1) int(1) bigint(1)';

const integerReaders = forEach(integers, readInt);

/**
 * By the type of the field and that of the column. A number is not read as text, nor a text as a number: after a change of a
 * column's type, its values must not be misread. A query can convert a column with CAST.
 */
const readers: Readonly<Partial<Record<Field['type'], Readonly<Record<string, ReadValue>>>>> = {
  string: {
    ...forEach('text varchar name uuid enum citext', readText),
    ...forEach('bpchar', readPadded),
  },
  int: { ...integerReaders, ...forEach('numeric decimal', readInt) },
  double: forEach(`float4 float8 float double numeric decimal ${integers}`, readDouble),
  bool: {
    ...forEach('bool', readBool),
    // TypeORM and Doctrine declare booleans as TINYINT without a width, since MySQL 8 deprecates widths.
    ...forEach('tinyint smallint(1) mediumint(1) int(1) bigint(1) bit(1)', readDigit),
  },
  timestamp: forEach('timestamptz timestamp datetime date', readTime),
  'list(string)': {
    ...forEach('text[] varchar[] bpchar[] name[] uuid[] enum[] citext[]', readArray),
    // MariaDB has no type for JSON: a column of JSON is one of text.
    ...forEach('json jsonb text', readJson),
  },
};
