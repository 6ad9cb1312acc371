import { unknownTypes } from '../input/body.ts';
import type { RefTo } from '../openapi/components.ts';
import {
  allOf,
  decided,
  json,
  withHeaders,
  type Examples,
  type Response,
  type Responses,
} from '../openapi/operation.ts';
import { bodyOf, type ErrorBody, type ErrorResponse } from './errors.ts';
import type { RefusalResponses } from './refusal-response.ts';

/** A way to be refused, under the name of its example. */
export interface ErrorExample extends ErrorResponse {
  readonly name: string;
  readonly summary?: string;
  /** True when it comes of a decision, which an operator can look up. */
  readonly decided?: boolean;
  /** The body that is refused so, where it is the body that is at fault. */
  readonly request?: unknown;
}

const meanings: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  401: 'No credential, or a bad one',
  403: 'Refused',
  404: 'Not there',
  413: 'The body is too large',
  415: 'The body is of another type',
  426: 'Not a WebSocket handshake of version 13',
  429: 'Too many; nothing was granted',
  500: 'A ticket could not be had',
  503: 'A dependency could not answer; never a grant',
};

const schemas: Readonly<Record<ErrorBody | 'ours', RefTo<'schemas'>>> = {
  ours: { $ref: '#/components/schemas/Error' },
  hotel: { $ref: '#/components/schemas/HotelError' },
  ticket: { $ref: '#/components/schemas/TicketError' },
};

const requestId = 'b7a0a5cf-4f0e-4f43-9d1e-2f4f8f0c3a11';

/** The answers to these faults, by status, each an example of its name. */
export function responsesFor(faults: readonly ErrorExample[], errorBody?: ErrorBody): Responses {
  return allOf(...faults.map((fault) => ({ [fault.status]: responseFor(fault, errorBody) })));
}

function responseFor(fault: ErrorExample, errorBody: ErrorBody | undefined): Response {
  const { status } = fault;
  const schema = schemas[errorBody ?? 'ours'];
  const answer = json(meanings[status] ?? '', schema, exampleOf(fault, errorBody));
  const told = fault.decided === true ? decided(answer) : answer;
  return status === 429 || status === 503
    ? withHeaders(told, { 'Retry-After': { $ref: '#/components/headers/Retry-After' } })
    : told;
}

/** The body of this fault, as an example of its name. */
export function exampleOf(fault: ErrorExample, errorBody?: ErrorBody): Examples {
  const { name, summary } = fault;
  const value = bodyOf(fault, requestId, errorBody);
  return { [name]: { ...(summary !== undefined && { summary }), value } };
}

/** The bodies that are at fault, as examples of a request. */
export function bodiesOf(faults: readonly ErrorExample[]): Examples {
  return Object.fromEntries(
    faults.flatMap(({ name, request }) =>
      request === undefined ? [] : [[name, { value: request }]],
    ),
  );
}

/** The refusals with these codes, as a route's table has them; each stands for all codes that are told in the same words. */
export function refusals<Code extends string>(
  replies: RefusalResponses<Code>,
  codes: Readonly<Partial<Record<Code, unknown>>>,
): readonly ErrorExample[] {
  const all = Object.keys(replies) as Code[];
  return (Object.keys(codes) as Code[]).map((name) => {
    const { status, message } = replies[name];
    const alike = all.filter((code) => {
      return replies[code].status === status && replies[code].message === message;
    });
    const request: unknown = codes[name];
    return {
      ...{ name, status, message, decided: true },
      summary: `On record as ${alike.join(', ')}`,
      ...(request !== undefined && { request }),
    };
  });
}

/** What every body can be refused for before anything of it is read. */
export const bodyFaults: readonly ErrorExample[] = [
  { name: 'not-json', status: 400, message: 'The body is not JSON' },
  { name: 'too-large', status: 413, message: 'The body is too large' },
  { name: 'another-type', status: 415, message: unknownTypes.any },
];

/** A dependency that does not answer. */
export const unavailable: ErrorExample = {
  name: 'unavailable',
  status: 503,
  message: 'Try again in a moment',
};

/** Too many refused requests of one address; what is good is answered all the same. */
export const tooManyRefused: ErrorExample = {
  name: 'too-many-refused',
  status: 429,
  message: 'Too many refused requests',
  decided: true,
};
