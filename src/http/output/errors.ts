import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DecisionBase } from '../../policy/decision.ts';
import type { AnswerStyle } from '../../policy/policy.ts';
import { unknownMember } from '../../runtime/json.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { ownField, unknownType } from '../input/body.ts';
import { repeatedField } from '../input/json-body.ts';
import { RequestProblem, retryAfter } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The current format of the error bodies, if it is not the general one. A reload of the policy may change it. */
    errorBody?: () => ErrorBody | undefined;
    /** The action that this route authorizes. Each 4xx of such a route is an audited decision. */
    action?: DecisionBase['action'];
  }
}

/** The error formats of existing clients: of tickets, or of a route of the policy. */
export type ErrorBody = 'ticket' | AnswerStyle;

/** The error bodies of the ticket routes, for the configuration of a route. */
export const ticketErrors = (): ErrorBody => 'ticket';

/** The status and message that the client receives. */
export interface ErrorResponse {
  readonly status: number;
  readonly message: string;
}

/** The response if a dependency is unavailable; `retryAfter` in seconds. */
export const unavailableResponse = {
  status: 503,
  message: 'Try again in a moment',
  retryAfter: 2,
} as const;

/**
 * Creates the body of an error. The general format is `{error, message, request_id}`. An answer style of the policy has no
 * id, and `{error}` for missing parameters. The format of tickets is `{success, error}`.
 */
export function bodyOf(
  { status, message }: ErrorResponse,
  requestId: string,
  errorBody: ErrorBody | undefined,
): object {
  if (errorBody === 'ticket') return { success: false, error: message };
  if (message === errorBody?.missing) return { error: message };
  const error = STATUS_CODES[status] ?? 'Error';
  return errorBody ? { error, message } : { error, message, request_id: requestId };
}

/** Sends an error in the format of the route. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  response: ErrorResponse,
): FastifyReply {
  const { errorBody } = request.routeOptions.config;
  return reply.code(response.status).send(bodyOf(response, request.id, errorBody?.()));
}

/** Counts each 503 response. */
export type CountUnavailable = (error: Unavailable) => void;

/**
 * Writes the refusal of an unreadable request to the audit log and returns the decision's id. If it throws, the
 * response is that error.
 */
export type WriteUnreadable = (
  request: FastifyRequest,
  refused: { readonly action: DecisionBase['action']; readonly cause: string },
) => Promise<string>;

interface ErrorDeps {
  readonly countUnavailable: CountUnavailable;
  readonly writeUnreadable: WriteUnreadable;
}

/**
 * Converts thrown errors into responses: 4xx for bad input, 503 for `Unavailable`, 500 for an unhandled error. The
 * stack goes only to the log.
 */
export function handleErrors(server: FastifyInstance, deps: ErrorDeps): void {
  server.setNotFoundHandler((request, reply) =>
    sendError(request, reply, { status: 404, message: 'There is no such route' }),
  );
  server.setErrorHandler(async (error: FastifyError, request, reply) => {
    const response = toDetailedError(error, request, deps);
    try {
      await writeRefusal(response, [request, reply], deps);
    } catch (other) {
      const instead = toDetailedError(other as FastifyError, request, deps);
      // The log contains a refusal that could not be audited. The response stays a 4xx, because a client should not
      // retry a malformed request.
      if (!(other instanceof Unavailable)) return sendDetailedError(request, reply, instead);
    }
    return sendDetailedError(request, reply, response);
  });
}

interface DetailedError extends ErrorResponse {
  readonly headers?: Readonly<Record<string, string>>;
}

function sendDetailedError(
  request: FastifyRequest,
  reply: FastifyReply,
  response: DetailedError,
): FastifyReply {
  return sendError(request, reply.headers(response.headers ?? {}), response);
}

function toDetailedError(
  error: FastifyError,
  request: FastifyRequest,
  { countUnavailable }: ErrorDeps,
): DetailedError {
  if (error instanceof RequestProblem) return error;
  if (error instanceof Unavailable) {
    countUnavailable(error);
    request.log.warn({ dependency: error.dependency, err: error }, 'dependency unavailable');
    const { retryAfter: seconds, ...response } = unavailableResponse;
    return { ...response, headers: retryAfter(seconds) };
  }
  const status = error.statusCode;
  if (status === 415) return unknownType(request);
  if (status !== undefined && status >= 400 && status < 500) {
    return { status, message: validationMessage(error, request) ?? messageForStatus(status) };
  }
  request.log.error({ err: error }, 'unhandled error');
  return { status: 500, message: 'Internal error' };
}

/**
 * Writes the refusal of an authorization route to the audit log. Skips responses that have a decision already, and rate
 * limits, which are audited separately.
 */
async function writeRefusal(
  { status, message }: ErrorResponse,
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  { writeUnreadable }: ErrorDeps,
): Promise<void> {
  const { action } = request.routeOptions.config;
  if (action === undefined || status >= 429 || reply.hasHeader('x-decision-id')) return;
  const id = await writeUnreadable(request, { action, cause: message });
  void reply.headers({ 'x-decision-id': id, 'cache-control': 'no-store' });
}

/** Returns the message of a failed schema. It contains the field and the rule, never the value. */
function validationMessage(
  { validation, message }: FastifyError,
  { body }: FastifyRequest,
): string | undefined {
  const [failed] = validation ?? [];
  if (failed === undefined) return undefined;
  const name = failed.instancePath.slice(1);
  // For a repeated field the schema's message would say that it is not a string.
  if (ownField(body, name) === repeatedField) return `${name} is repeated`;
  const unknown = failed.params['additionalProperty'];
  return typeof unknown === 'string' ? unknownMember(unknown) : message;
}

/** Does not use a library's message, because it may quote the input. */
function messageForStatus(status: number): string {
  if (status === 413) return 'The body is too large';
  if (status === 429) return 'Too many requests';
  return 'The request is malformed';
}
