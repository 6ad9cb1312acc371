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

/** A JSON answer. */
export function json(description: string, schema: Schema, examples: Examples): Response {
  return { description, content: { 'application/json': { schema, examples } } };
}

/** The same answer with these headers as well. */
export function withHeaders(response: Response, headers: Response['headers']): Response {
  return { ...response, headers: { ...response.headers, ...headers } };
}

/** The same answer, of a decision that an operator can look up. */
export function decided(response: Response): Response {
  return withHeaders(response, {
    'X-Decision-Id': { $ref: '#/components/headers/X-Decision-Id' },
  });
}

/** A body that is taken as a form and as JSON. */
export function formOrJson(
  schema: Schema,
  examples: Examples,
): NonNullable<Operation['requestBody']> {
  const body = { schema, examples };
  return {
    required: true,
    content: { 'application/x-www-form-urlencoded': body, 'application/json': body },
  };
}

/** A body that is taken as JSON only. */
export function onlyJson(
  schema: Schema,
  examples: Examples,
): NonNullable<Operation['requestBody']> {
  return { required: true, content: { 'application/json': { schema, examples } } };
}

/** All these answers: the examples of a status that stands in several of them are put together. */
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
