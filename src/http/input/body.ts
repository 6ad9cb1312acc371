import type { FastifyInstance, FastifyRequest } from 'fastify';
import { malformed, RequestProblem } from '../output/problem.ts';
import { parseJsonBody, repeatedField } from './json-body.ts';
import { knownType } from './request-head.ts';

/** The fields of a form or JSON body. Only own properties count. A field that was sent twice is `repeated`. */
type Fields = Readonly<Record<string, unknown>>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** `json` on a route that does not accept forms. */
    body?: 'json';
  }
}

/** A batch has a hundred channel names and a few other fields. */
const maxFields = 128;

/**
 * Accepts forms, multipart forms without files, JSON, and an empty body of any type. Any other type is a 415. Some
 * clients send a wrong content type, so the first character of the body decides.
 */
export function acceptFormsAndJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const takeText = (type: string, isJson: (text: string) => boolean): void => {
    server.addContentTypeParser(type, { parseAs: 'string' }, (request, body, done) => {
      try {
        done(null, readText(withoutMark(body as string), request, isJson));
      } catch (error) {
        done(error as Error);
      }
    });
  };
  takeText('application/x-www-form-urlencoded', startsLikeJson);
  takeText('application/json', (text) => !startsLikeForm(text));
  takeText('*', startsLikeJson);
  server.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, readMultipart);
}

/** Some clients begin a body with a byte order mark, which a reader may ignore (RFC 8259 §8.1). */
const withoutMark = (text: string): string => text.replace(/^\uFEFF/, '');

/** True if the text starts with a brace. Form encoders escape the brace, so no form starts with it. */
function startsLikeJson(text: string): boolean {
  return /^\s*\{/.test(text);
}

/** True if the text starts with a name and `=`. No JSON starts like this. */
function startsLikeForm(text: string): boolean {
  return /^[\w.~%+*[\]-]+=/.test(text);
}

function readText(
  text: string,
  request: FastifyRequest,
  isJson: (text: string) => boolean,
): Fields {
  // axios sends `null` as JSON for a request without data.
  if (/^\s*(?:null\s*)?$/.test(text)) return emptyFields();
  refuseCompressed(request);
  const type = request.headers['content-type'];
  if (type !== undefined && !knownType.test(type)) throw unknownType(request);
  if (isJson(text)) return parseJsonBody(text);
  if (request.routeOptions.config.body === 'json') throw noForm();
  return fieldsFrom(new URLSearchParams(text));
}

/** Throws a 415 for a compressed body. Read as text, it would be a body without the required fields. */
function refuseCompressed({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? '';
  if (!/^(?:identity)?$/i.test(encoding)) {
    throw new RequestProblem(
      415,
      'The body must not be compressed: send it without Content-Encoding',
    );
  }
}

/** Reads a multipart form (RFC 7578) with the platform's parser. The body size is already limited. */
async function readMultipart(request: FastifyRequest, body: string | Buffer): Promise<Fields> {
  if (body.length === 0) return emptyFields();
  refuseCompressed(request);
  if (request.routeOptions.config.body === 'json') throw noForm();
  const type = request.headers['content-type'] ?? '';
  if (!/;\s*boundary=/i.test(type)) {
    throw malformed('The Content-Type of the multipart form has no boundary');
  }
  let form: FormData;
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is deprecated for its unbounded size, and the body is bounded already
    form = await new Response(body, { headers: { 'content-type': type } }).formData();
  } catch {
    throw malformed('The multipart form is malformed');
  }
  return fieldsFrom(form);
}

/**
 * Creates the 415 error, which lists the accepted types. It describes the type and not the body, because the body may
 * be valid JSON.
 */
export function unknownType({ routeOptions }: FastifyRequest): RequestProblem {
  return new RequestProblem(415, unknownTypes[routeOptions.config.body ?? 'any']);
}

/** The error messages for an unsupported content type. */
export const unknownTypes = {
  json: 'The Content-Type must be application/json',
  any: 'The Content-Type must be application/json, application/x-www-form-urlencoded or multipart/form-data',
} as const;

const noForm = () => new RequestProblem(415, 'The body must be JSON');

/** The object has no prototype, so that a field named `__proto__` is an ordinary field. */
const emptyFields = () => Object.create(null) as Record<string, unknown>;

function fieldsFrom(pairs: Iterable<readonly [string, unknown]>): Fields {
  const fields = emptyFields();
  let count = 0;
  for (const [name, value] of pairs) {
    count += 1;
    if (count > maxFields) throw malformed('Too many fields');
    fields[name] = name in fields ? repeatedField : value;
  }
  return fields;
}

/** Returns a parsed body or query as fields. A request without a body has no fields. */
export function fieldsOf(read: unknown): Fields {
  return (read ?? {}) as Fields;
}

/** Returns the value of an own field of any type, or `undefined` if it is missing. */
export function ownField(read: unknown, name: string): unknown {
  const fields = fieldsOf(read);
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/**
 * Reads a text field. Returns `undefined` if it is missing, empty or null: some clients send `null` for a value that they
 * do not have. Throws a 400 if it is not a text or is longer than `maxLength`.
 */
export function textField(fields: unknown, name: string, maxLength: number): string | undefined {
  return textOf(fields, name, maxLength);
}

/** Reads a required text field. Throws a 400 if it is missing, not a text, or too long. */
export function requiredField(fields: unknown, name: string, maxLength: number): string {
  const text = textField(fields, name, maxLength);
  if (text === undefined) throw malformed(`${name} is required`);
  return text;
}

/** Reads a query parameter with the rules of `textField`. Throws a 400 if it is repeated. */
export function textQuery(query: unknown, name: string, maxLength: number): string | undefined {
  return textOf(query, name, maxLength);
}

function textOf(from: unknown, name: string, maxLength: number): string | undefined {
  const value = ownField(from, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (value === repeatedField || Array.isArray(value)) throw malformed(`${name} is repeated`);
  if (typeof value !== 'string') throw malformed(`${name} must be a text`);
  if (value.length > maxLength) throw malformed(`${name} is too long`);
  return value;
}
