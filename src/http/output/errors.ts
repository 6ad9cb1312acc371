import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DecisionBase } from '../../policy/decision.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import { ownField, unknownType } from '../input/body.ts';
import { repeatedField } from '../input/repeated-field.ts';
import { RequestProblem, retryAfter } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose error bodies this route speaks. */
    errorBody?: ErrorBody;
    /** What this route authorizes: each 4xx is then a decision on record. */
    action?: DecisionBase['action'];
  }
}

/** The error bodies that are not ours: the clients of the hotel chat and of tickets predate it. */
export type ErrorBody = 'hotel' | 'ticket';

/** What the outside is told of an error. */
export interface ErrorResponse {
  readonly status: number;
  readonly message: string;
}

const retrySeconds = 2;

/** What the hotel chat's client knows instead of a word and a sentence. */
export const missingParameters = 'Missing required parameters';

/**
 * Makes the body of an error: `{error, message, request_id}`, the hotel chat's without the id, or `{success, error}` of
 * tickets.
 */
export function bodyOf(
  { status, message }: ErrorResponse,
  requestId: string,
  errorBody: ErrorBody | undefined,
): object {
  if (errorBody === 'ticket') return { success: false, error: message };
  if (errorBody === 'hotel' && message === missingParameters) return { error: message };
  const error = STATUS_CODES[status] ?? 'Error';
  return errorBody === 'hotel' ? { error, message } : { error, message, request_id: requestId };
}

/** Answers with the error body of the route. */
export function sendError(
  request: FastifyRequest,
  reply: FastifyReply,
  response: ErrorResponse,
): FastifyReply {
  const { errorBody } = request.routeOptions.config;
  return reply.code(response.status).send(bodyOf(response, request.id, errorBody));
}

/** Told of each answer "could not find out". */
export type CountUnavailable = (error: Unavailable) => void;

/** Puts a request on record that is refused before anything was decided; gives the decision's id. Throws what is answered instead. */
export type WriteUnreadable = (
  request: FastifyRequest,
  refused: { readonly action: DecisionBase['action']; readonly cause: string },
) => Promise<string>;

/** What becomes of errors. */
export interface ErrorDeps {
  readonly countUnavailable: CountUnavailable;
  readonly recordUnread: WriteUnreadable;
}

/** Turns everything thrown into an answer: bad input 4xx, `Unavailable` 503, a bug 500 with its stack in the log only. */
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
      // A refusal that cannot be recorded is in the log, and stays a 4xx: a client should not repeat a malformed request.
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
    request.log.warn({ dependency: error.dependency, err: error }, 'could not find out');
    return { status: 503, message: 'Try again in a moment', headers: retryAfter(retrySeconds) };
  }
  const status = error.statusCode;
  if (status === 415) return unknownType(request);
  if (status !== undefined && status >= 400 && status < 500) {
    return { status, message: validationMessage(error, request) ?? messageForStatus(status) };
  }
  request.log.error({ err: error }, 'bug');
  return { status: 500, message: 'Something went wrong here' };
}

/** Puts a refusal of an authorization route on record, unless it is about a decision already, or a limit, which has a record of its own. */
async function writeRefusal(
  { status, message }: ErrorResponse,
  [request, reply]: readonly [FastifyRequest, FastifyReply],
  { recordUnread }: ErrorDeps,
): Promise<void> {
  const { action } = request.routeOptions.config;
  if (action === undefined || status >= 429 || reply.hasHeader('x-decision-id')) return;
  const id = await recordUnread(request, { action, cause: message });
  void reply.headers({ 'x-decision-id': id, 'cache-control': 'no-store' });
}

/** A schema's message names the field and the rule, never the value. */
function validationMessage(
  { validation, message }: FastifyError,
  { body }: FastifyRequest,
): string | undefined {
  if (validation === undefined) return undefined;
  const name = validation[0]?.instancePath.slice(1) ?? '';
  // Of a field that was sent twice it would say that it is no text.
  return ownField(body, name) === repeatedField ? `${name} is repeated` : message;
}

/** Our own words: a library's message may quote what was sent. */
function messageForStatus(status: number): string {
  if (status === 413) return 'The body is too large';
  if (status === 429) return 'Too many requests';
  return 'The request is malformed';
}
