import type { RefTo, SecurityScheme } from './components.ts';

/** A JSON Schema (2020-12), or the name of a shared one. */
export type Schema = Readonly<Record<string, unknown>> | RefTo<'schemas'>;

/**
 * Examples by name. An answer belongs to the request of the same name, or to the operation's first request where there
 * is none: then it is not the request that differs, but the credential, the facts or the moment.
 */
export type Examples = Readonly<Record<string, Example>>;

export interface Example {
  readonly summary?: string;
  readonly value: unknown;
}

/** A body, by its media type. */
export type Content = Readonly<
  Record<string, { readonly schema: Schema; readonly examples?: Examples }>
>;

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

/** Answers by their status. */
export type Responses = Readonly<Record<string, Response>>;

/** What a route says of itself: an Operation Object of OpenAPI 3.1, in the part of it that we need. */
export interface Operation {
  readonly tags: readonly [string];
  readonly summary: string;
  readonly description?: string;
  /** Any one of these will do, each with all that it names; `{}` is nothing at all. */
  readonly security: readonly Readonly<Partial<Record<SecurityScheme, readonly []>>>[];
  readonly parameters?: readonly (Parameter | RefTo<'parameters'>)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Responses;
}

/** The schema of an object with these properties and no others; those that are not optional are required. */
export function closedObject<Name extends string>(
  properties: Readonly<Record<Name, Schema>>,
  optional: readonly NoInfer<Name>[] = [],
) {
  const { type, ...rest } = openObject(properties, optional);
  return { type, additionalProperties: false, ...rest };
}

/** The same, with any further properties. */
export function openObject<Name extends string>(
  properties: Readonly<Record<Name, Schema>>,
  optional: readonly NoInfer<Name>[] = [],
) {
  const required = (Object.keys(properties) as Name[]).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

/** A JSON response. */
export function json(description: string, schema: Schema, examples: Examples): Response {
  return { description, content: { 'application/json': { schema, examples } } };
}

/** The same response with further headers. */
export function withHeaders(response: Response, headers: Response['headers']): Response {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** The same response, with the id of a decision. */
export function decided(response: Response): Response {
  return withHeaders(response, {
    'X-Decision-Id': { $ref: '#/components/headers/X-Decision-Id' },
  });
}

/** Merges responses; the examples of the same status are put together. */
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
