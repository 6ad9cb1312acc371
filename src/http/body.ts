import type { FastifyInstance } from 'fastify';
import { parseJsonObject } from './json-body.ts';
import { malformed } from './problem.ts';

/** The fields of a body, form or JSON; each name stands once, and only own properties count. */
export type Fields = Readonly<Record<string, unknown>>;

/** A batch has a hundred names of channels, and a few fields beside them. */
const mostFields = 128;

/** Takes forms and JSON, and nothing else: any other type is answered 415 by Fastify itself. */
export function takeFormsAndJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      answer(done, () => parseForm(String(body)));
    },
  );
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    answer(done, () => parseJsonObject(String(body)));
  });
}

function answer(done: (error: Error | null, body?: unknown) => void, parse: () => Fields): void {
  try {
    done(null, parse());
  } catch (error) {
    done(error as Error);
  }
}

function parseForm(body: string): Fields {
  // Without a prototype, so that a field called `__proto__` is a field.
  const fields = Object.create(null) as Record<string, string>;
  let count = 0;
  for (const [name, value] of new URLSearchParams(body)) {
    // Which of the two another reader of this request would take, nobody knows.
    if (name in fields) throw malformed('A field is repeated');
    count += 1;
    if (count > mostFields) throw malformed('Too many fields');
    fields[name] = value;
  }
  return fields;
}

/** What was read of a body or a query, as fields: a request without a body has none. */
export function fieldsOf(read: unknown): Fields {
  return (read ?? {}) as Fields;
}

/** A field as it was read, of whatever type; `undefined` when it is missing. */
export function ownField(read: unknown, name: string): unknown {
  const fields = fieldsOf(read);
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** The text of a field; `undefined` when it is missing or empty, and a 400 when it is not a text or longer than `most`. */
export function textField(fields: unknown, name: string, most: number): string | undefined {
  return readText(fields, name, most);
}

/** The text of a field that must be there; a 400 otherwise. */
export function requiredField(fields: unknown, name: string, most: number): string {
  const text = textField(fields, name, most);
  if (text === undefined) throw malformed(`${name} is required`);
  return text;
}

/** The text of a query parameter, by the same rules; repeated ones are refused. */
export function textQuery(query: unknown, name: string, most: number): string | undefined {
  return readText(query, name, most);
}

function readText(from: unknown, name: string, most: number): string | undefined {
  const value = ownField(from, name);
  if (value === undefined || value === '') return undefined;
  if (Array.isArray(value)) throw malformed(`${name} is repeated`);
  if (typeof value !== 'string') throw malformed(`${name} must be a text`);
  if (value.length > most) throw malformed(`${name} is too long`);
  return value;
}
