import type { Fact, FactKind, FactValue, Field, HttpOrigin } from '../policy/fact-kind.ts';
import { memberOf } from '../application/json-response.ts';
import { parseDate, parseDatetime } from '../runtime/datetime.ts';
import { describeType } from '../runtime/describe-type.ts';
import { isJsonObject } from '../runtime/json.ts';

const wholeDay = 24 * 60 * 60 * 1000;

/**
 * The fact of an object in the response of a source of the application. `members` are the paths of fields that are not members of their
 * own name. Other members are ignored, and null is an absent value. Throws an `Error` that names the field and the type of what was
 * found, and never its value, if a field has another type or is missing.
 */
export function fitFields(
  { fields }: FactKind,
  object: Readonly<Record<string, unknown>>,
  members: HttpOrigin['members'],
): Fact {
  const fact: Record<string, FactValue> = {};
  for (const [name, field] of Object.entries(fields)) {
    const path = members.get(name);
    const value = path === undefined ? memberOf(object, name) : valueAt(object, path);
    const where = path === undefined ? name : `${name} (${path.join('.')})`;
    if (value === undefined || value === null) {
      if (field.optional) continue;
      throw new Error(`The field ${where} is missing`);
    }
    const read = fitValue(field, value);
    if (read === undefined) {
      throw new Error(`The field ${where} is not ${expected(field)}: found ${describeType(value)}`);
    }
    fact[name] = read;
  }
  return fact;
}

/** The value of a nested member. Nothing is in a list, a text or null. */
function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (within, name) => (isJsonObject(within) ? memberOf(within, name) : undefined),
    object,
  );
}

function expected({ type, oneOf, dateMeansEndOfDay }: Field): string {
  if (type === 'timestamp') {
    const date = dateMeansEndOfDay ? 'a date, or ' : '';
    return `${date}a time with its zone such as 2025-12-31T11:00:00Z`;
  }
  const article = type === 'int' ? 'an' : 'a';
  return `${article} ${type} ${oneOf === undefined ? 'within its limits' : 'that the policy lists'}`;
}

function fitValue(field: Field, value: unknown): FactValue | undefined {
  switch (field.type) {
    case 'string':
      return fitText(field, value) && (field.oneOf?.includes(value) ?? true) ? value : undefined;
    case 'list(string)':
      return fitList(field, value) ? value : undefined;
    case 'int':
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'timestamp':
      return typeof value === 'string' ? fitTime(field, value) : undefined;
    case 'guest_session':
      return undefined;
  }
}

function fitText({ maxLength }: Field, value: unknown): value is string {
  if (typeof value !== 'string') return false;
  // A surrogate pair is one character.
  return value.length <= maxLength || Array.from(value).length <= maxLength;
}

function fitList(field: Field, value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= field.maxItems &&
    value.every((each) => fitText(field, each))
  );
}

/** A time without a zone is ambiguous, and does not fit. */
function fitTime({ dateMeansEndOfDay }: Field, text: string): Date | undefined {
  const day = dateMeansEndOfDay ? parseDate(text) : undefined;
  const time = day === undefined ? parseDatetime(text) : day + wholeDay;
  return time === undefined || Number.isNaN(time) ? undefined : new Date(time);
}
