import type { Examples, Parameter } from '../../../src/http/openapi/operation.ts';
import type { TestRequest, Texts } from '../requests.ts';
import type { Documented } from './read-document.ts';

/** Changes to a documented request; `undefined` removes a header or a query parameter. */
export interface Change {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly inPath?: Texts;
  /** In place of the documented body. */
  readonly value?: unknown;
  /** The bytes of the body, in place of all that is documented. */
  readonly text?: string;
}

/** A request, whose body is text. */
interface DocumentedRequest extends TestRequest {
  readonly body?: string;
}

/** Of the shipped policies: the document has no examples for the names of a policy. */
const idsOfPolicy: Texts = {
  hotel: 'grand-hotel',
  hotelSlug: 'grand-hotel',
  bookingId: 'BK-2025-ABC123',
  escrowId: '42',
  roomId: '7',
  orderId: '1001',
};

/** The media types of an operation's body; one `undefined` if it has no body. */
export function mediaTypes({ operation }: Documented): readonly (string | undefined)[] {
  return operation.requestBody === undefined
    ? [undefined]
    : Object.keys(operation.requestBody.content);
}

/** The body of the example of this name, or of the first one. */
export function documentedBody(
  { operation }: Documented,
  name: string,
  type: string | undefined,
): unknown {
  const examples = operation.requestBody?.content[type ?? '']?.examples;
  return examples && exampleOf(examples, name);
}

/** The request of this name: its own examples, or the first ones, with these changes. */
export function requestOf(
  documented: Documented,
  { name, type }: { readonly name: string; readonly type: string | undefined },
  { headers = {}, query = {}, inPath = {}, ...change }: Change,
): DocumentedRequest {
  const { method, path, operation } = documented;
  const place = (where: Parameter['in']) =>
    Object.fromEntries(
      operation.parameters
        // An optional one without an example is left out.
        .filter((each) => each.in === where && (each.required || hasExamples(each)))
        .map((parameter) => [parameter.name, String(exampleOf(parameter.examples, name))]),
    );
  const ids = { ...place('path'), ...idsOfPolicy, ...inPath };
  const filled = path.replace(/\{(\w+)\}/g, (_whole, id: string) =>
    encodeURIComponent(ids[id] ?? ''),
  );
  const search = new URLSearchParams(withoutGaps({ ...place('query'), ...query })).toString();
  const value = change.value ?? documentedBody(documented, name, type);
  const body = change.text ?? (type === undefined ? undefined : encode(value, type));
  return {
    method,
    path: search === '' ? filled : `${filled}?${search}`,
    headers: withoutGaps({
      ...lowered(place('header')),
      ...(type !== undefined && { 'content-type': type }),
      ...headers,
    }),
    ...(body !== undefined && { body }),
  };
}

const hasExamples = ({ examples }: Parameter) => Object.keys(examples).length > 0;

/** Lower-case names, so that a change replaces a header. */
function lowered(headers: Texts): Texts {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function exampleOf(examples: Examples, name: string): unknown {
  return (examples[name] ?? Object.values(examples)[0])?.value;
}

function encode(value: unknown, type: string): string {
  return type === 'application/json'
    ? JSON.stringify(value)
    : new URLSearchParams(value as Texts).toString();
}

function withoutGaps(from: Readonly<Record<string, string | undefined>>): Texts {
  return Object.fromEntries(
    Object.entries(from).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
