import { unknownTypes } from '../input/body.ts';
import type { RefTo } from '../openapi/components.ts';
import {
  allOf,
  decided,
  json,
  withHeaders,
  type Examples,
  type Operation,
  type Response,
  type Responses,
  type Schema,
} from '../openapi/operation.ts';
import { bodyOf, type ErrorBody, type ErrorResponse } from './errors.ts';
import type { RefusalResponses } from './refusal-response.ts';

/** An error response and the name of its example. */
export interface ErrorExample extends ErrorResponse {
  readonly name: string;
  readonly summary?: string;
  /** True if the response contains the id of a decision. */
  readonly decided?: boolean;
  /** The request body that causes the error. */
  readonly request?: object | undefined;
}

/** The parts in which the operations of routes differ. */
export interface RouteDocs extends Pick<
  Operation,
  'summary' | 'description' | 'security' | 'parameters'
> {
  readonly tag: string;
  readonly body?: {
    readonly schema: Schema;
    readonly examples: Examples;
    readonly onlyJson?: boolean;
  };
  readonly status?: 200 | 204;
  /** The response of success. */
  readonly ok: Response;
  readonly faults: readonly ErrorExample[];
  readonly errorBody?: ErrorBody;
}

/** Creates the operation of a route. Its faults become examples of the error responses and of the request body. */
export function describeRoute(docs: RouteDocs): Operation {
  const { tag, body, status = 200, ok, faults, errorBody, security, ...about } = docs;
  const { summary, description, parameters } = about;
  return {
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security,
    ...(parameters && { parameters }),
    ...(body && { requestBody: requestBody(body, faults) }),
    responses: allOf({ [status]: ok }, responsesFor(faults, errorBody)),
  };
}

function requestBody(
  { schema, examples, onlyJson = false }: NonNullable<RouteDocs['body']>,
  faults: readonly ErrorExample[],
): NonNullable<Operation['requestBody']> {
  const body = { schema, examples: { ...examples, ...bodiesOf(faults) } };
  const form = !onlyJson && { 'application/x-www-form-urlencoded': body };
  return { required: true, content: { ...form, 'application/json': body } };
}

const meanings: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'No credential, or an invalid one',
  403: 'Refused',
  404: 'Not found',
  413: 'The body is too large',
  415: 'The type of the body is not supported',
  426: 'Not a WebSocket handshake of version 13',
  429: 'A limit is exceeded; nothing was granted',
  500: 'The ticket could not be issued',
  503: 'A dependency is unavailable; nothing was granted',
};

function schemaOf(errorBody: ErrorBody | undefined): RefTo<'schemas'> {
  if (errorBody === undefined) return { $ref: '#/components/schemas/Error' };
  return errorBody === 'ticket'
    ? { $ref: '#/components/schemas/TicketError' }
    : { $ref: '#/components/schemas/PolicyError' };
}

const requestId = 'b7a0a5cf-4f0e-4f43-9d1e-2f4f8f0c3a11';

/** Returns the responses of these faults by status, with one example per fault. */
export function responsesFor(faults: readonly ErrorExample[], errorBody?: ErrorBody): Responses {
  return allOf(...faults.map((fault) => ({ [fault.status]: responseFor(fault, errorBody) })));
}

function responseFor(fault: ErrorExample, errorBody: ErrorBody | undefined): Response {
  const { status } = fault;
  const schema = schemaOf(errorBody);
  const response = json(meanings[status] ?? '', schema, exampleOf(fault, errorBody));
  const complete = fault.decided === true ? decided(response) : response;
  return status === 429 || status === 503
    ? withHeaders(complete, { 'Retry-After': { $ref: '#/components/headers/Retry-After' } })
    : complete;
}

/** Returns the error body of this fault as an example. */
export function exampleOf(fault: ErrorExample, errorBody?: ErrorBody): Examples {
  const { name, summary } = fault;
  const value = bodyOf(fault, requestId, errorBody);
  return { [name]: { ...(summary !== undefined && { summary }), value } };
}

/** Returns the bodies that cause errors as request examples. */
export function bodiesOf(faults: readonly ErrorExample[]): Examples {
  return Object.fromEntries(
    faults.flatMap(({ name, request }) =>
      request === undefined ? [] : [[name, { value: request }]],
    ),
  );
}

/** Returns the refusal responses of these codes. Each example lists all codes with the same response. */
export function refusals<Code extends string>(
  responses: RefusalResponses<Code>,
  codes: readonly NoInfer<Code>[],
): readonly ErrorExample[] {
  const all = Object.keys(responses) as Code[];
  return codes.map((name) => {
    const { status, message } = responses[name];
    const same = all.filter(
      (code) => responses[code].status === status && responses[code].message === message,
    );
    return {
      name,
      status,
      message,
      decided: true,
      summary: `In the audit log as ${same.join(', ')}`,
    };
  });
}

/** Returns the refusals that depend on the body, each with a body that causes it. */
export function refusedBodies<Code extends string>(
  responses: RefusalResponses<Code>,
  requests: Readonly<Partial<Record<NoInfer<Code>, object>>>,
): readonly ErrorExample[] {
  const codes = Object.keys(requests) as Code[];
  return refusals(responses, codes).map((example, i) => ({
    ...example,
    request: requests[codes[i] as Code],
  }));
}

export function fault(
  name: string,
  [status, message]: readonly [status: number, message: string],
  request?: object,
): ErrorExample {
  return { name, status, message, request };
}

/** The errors of an unreadable body. */
export const bodyFaults = bodyFaultsOf(unknownTypes.any);
export const jsonBodyFaults = bodyFaultsOf(unknownTypes.json);

function bodyFaultsOf(otherType: string): readonly ErrorExample[] {
  return [
    fault('not-json', [400, 'The body is not JSON']),
    fault('too-large', [413, 'The body is too large']),
    fault('another-type', [415, otherType]),
  ];
}

export const unavailable = fault('unavailable', [503, 'Try again in a moment']);

export const tooManyRefused: ErrorExample = {
  ...fault('too-many-refused', [429, 'Too many refused requests']),
  decided: true,
};
