import { infiniteTimes, textsOf } from '../database/application-values.ts';
import type { Fact, FactKind, FactValue, Field } from '../policy/fact-kind.ts';

/** The fields of a fact as JSON, in the database and in the bodies of HTTP. */
export type StoredFields = Readonly<Record<string, unknown>>;

/**
 * Converts stored fields to the fact that rules read. Returns `undefined` if a field does not have its type or is none of
 * `oneOf`: a rule must not read a value that its policy excludes. An SQL statement or an earlier policy may have stored it.
 */
export function toFact(
  { fields }: FactKind,
  stored: StoredFields,
  linkedUserId: string | null,
): Fact | undefined {
  const fact: Record<string, FactValue> = {};
  for (const name in fields) {
    const value = stored[name];
    if (value === undefined || value === null) continue;
    const read = readValue(fields[name] as Field, value, linkedUserId);
    if (read === undefined) return undefined;
    fact[name] = read;
  }
  return fact;
}

/** Converts stored fields to the body of a response. A field that does not have its type is left out. */
export function toBody({ fields }: FactKind, stored: StoredFields): StoredFields {
  const body: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = stored[name];
    if (value === undefined || value === null) continue;
    const read = readValue({ ...field, oneOf: undefined }, value, null);
    if (read === undefined) continue;
    if (read instanceof Date) body[name] = read.toISOString();
    else body[name] = field.type === 'guest_session' ? value : read;
  }
  return body;
}

function readValue(
  field: Pick<Field, 'type'> & { readonly oneOf?: Field['oneOf'] | undefined },
  value: unknown,
  linkedUserId: string | null,
): FactValue | undefined {
  switch (field.type) {
    case 'string':
      return typeof value === 'string' && (field.oneOf?.includes(value) ?? true)
        ? value
        : undefined;
    case 'int':
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    case 'double':
      return typeof value === 'number' ? value : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'timestamp':
      return typeof value === 'string' ? readTime(value) : undefined;
    case 'list(string)':
      return textsOf(value);
    case 'guest_session':
      if (typeof value !== 'string') return undefined;
      return linkedUserId === null ? { id: value } : { id: value, user: linkedUserId };
  }
}

function readTime(text: string): Date | undefined {
  const time = new Date(infiniteTimes[text] ?? text);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
