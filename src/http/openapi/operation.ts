import type { RefTo, SecurityScheme } from './components.ts';

/** A JSON Schema (2020-12), or a reference to a shared one. */
export type Schema = Readonly<Record<string, unknown>> | RefTo<'schemas'>;

/**
 * Examples by name. A response example belongs to the request example of the same name. Without such a request it
 * belongs to the first request of the operation, sent with another credential, other facts, or at another time.
 */
export type Examples = Readonly<Record<string, Example>>;

interface Example {
  readonly summary?: string;
  readonly value: unknown;
}

/** A body, by media type. */
type Content = Readonly<Record<string, { readonly schema: Schema; readonly examples?: Examples }>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly required: boolean;
  readonly schema: Schema;
  readonly examples: Examples;
}

export interface Header {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, RefTo<'headers'> | Header>>;
  readonly content?: Content;
}

/** Responses, by status. */
export type Responses = Readonly<Record<string, Response>>;

/** The documentation of a route: the subset of OpenAPI 3.1's Operation Object that Usher uses. */
export interface Operation {
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  /** Alternatives: a request must satisfy one of them completely. `{}` requires no credential. */
  readonly security: readonly Readonly<Partial<Record<SecurityScheme, readonly []>>>[];
  readonly parameters?: readonly (Parameter | RefTo<'parameters'>)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Responses;
}

/** Creates the schema of an object with exactly these properties. Properties that are not optional are required. */
export function closedObject<Name extends string>(
  properties: Readonly<Record<Name, Schema>>,
  optional: readonly NoInfer<Name>[] = [],
) {
  const { type, ...rest } = openObject(properties, optional);
  return { type, additionalProperties: false, ...rest };
}

/** Creates the same schema, but allows additional properties. */
export function openObject<Name extends string>(
  properties: Readonly<Record<Name, Schema>>,
  optional: readonly NoInfer<Name>[] = [],
) {
  const required = (Object.keys(properties) as Name[]).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

export function json(description: string, schema: Schema, examples: Examples): Response {
  return { description, content: { 'application/json': { schema, examples } } };
}

/** Adds headers to a response. */
export function withHeaders(response: Response, headers: Response['headers']): Response {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** Adds the header with the decision's id to a response. */
export function decided(response: Response): Response {
  return withHeaders(response, {
    'X-Decision-Id': { $ref: '#/components/headers/X-Decision-Id' },
  });
}

/** Merges responses. The examples of the same status are combined. */
export function allOf(...parts: readonly Responses[]): Responses {
  const together: Record<string, Response> = {};
  for (const [status, response] of parts.flatMap((part) => Object.entries(part))) {
    const before = together[status];
    together[status] = before === undefined ? response : merged(before, response);
  }
  return together;
}

function merged(before: Response, added: Response): Response {
  const content: Record<string, Content[string]> = { ...before.content };
  for (const [type, { schema, examples }] of Object.entries(added.content ?? {})) {
    content[type] = { schema, examples: { ...content[type]?.examples, ...examples } };
  }
  return { ...withHeaders(before, added.headers), content };
}
