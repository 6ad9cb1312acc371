import { isJsonObject } from '../runtime/json.ts';
import { repeatedNames } from '../runtime/repeated-names.ts';

/** The JSON object of a body. Throws an `Error` for anything else, which never quotes it. */
export function readJsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('The body is not JSON');
  }
  if (!isJsonObject(value)) throw new Error('The body is not a JSON object');
  if (repeatedNames(text).length > 0) throw new Error('The body has two members of the same name');
  return value;
}

/** A member of its own: `__proto__` and `constructor` are ordinary names. */
export function memberOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
