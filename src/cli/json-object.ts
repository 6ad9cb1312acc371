import { isJsonObject, parseJson } from '../runtime/json.ts';

/** Parses a JSON object; `undefined` for any other text. */
export function parseJsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text);
  return isJsonObject(value) ? value : undefined;
}
