import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import type { TestResponse } from '../requests.ts';
import type { Header, Response } from '../../../src/http/openapi/operation.ts';
import { at, type Document, type Documented } from './read-document.ts';

const base = 'https://usher.example/docs';

/** The schemas of a document, compiled. */
export interface Schemas {
  /** The errors of a value; `undefined` if it matches the schema at this pointer. */
  readonly problems: (pointer: string, value: unknown) => string | undefined;
}

/** Compiles the schemas of the document on demand. */
export function createSchemas(document: Document): Schemas {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, base);
  return {
    problems: (pointer, value) => {
      const reference = base + encodeURI(pointer);
      const check = ajv.getSchema(reference) ?? ajv.compile({ $ref: reference });
      return check(value) === true ? undefined : ajv.errorsText(check.errors);
    },
  };
}

/** Expects that the operation documents a response: its status, body and headers. */
export function expectDocumented(
  { pointer, operation }: Documented,
  reply: TestResponse,
  { document, schemas }: { readonly document: Document; readonly schemas: Schemas },
): void {
  const { status, headers, text, body } = reply;
  const response = operation.responses[String(status)];
  if (response === undefined) throw new Error(`${pointer} answered ${status}: ${text}`);
  const type = headers.get('content-type')?.split(';')[0];
  expect(Object.keys(response.content ?? {})).toEqual(type === undefined ? [] : [type]);
  if (type !== undefined) {
    const media = type.replaceAll('/', '~1');
    const schema = `${pointer}/responses/${status}/content/${media}/schema`;
    expect(schemas.problems(schema, type === 'application/json' ? body : text)).toBeUndefined();
  }
  expectHeaders(response.headers ?? {}, headers, document);
}

/** Checks that required headers are present, and that every header is documented. */
function expectHeaders(
  documented: NonNullable<Response['headers']>,
  headers: Headers,
  document: Document,
): void {
  for (const name of Object.keys(document.components['headers'] ?? {})) {
    const value = headers.get(name);
    const header = documented[name];
    const described = header && '$ref' in header ? (at(document, header.$ref) as Header) : header;
    if (value !== null) expect(described, `${name} is documented`).toBeDefined();
    if (described?.required === true) expect(value, name).not.toBeNull();
  }
}
