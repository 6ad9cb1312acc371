import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Unavailable } from '../core/unavailable.ts';
import { RequestProblem } from './problem.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whose error bodies this route speaks. */
    errorBody?: ErrorBody;
  }
}

/** The error bodies that are not ours: the clients of the hotel chat and of tickets predate it. */
export type ErrorBody = 'hotel' | 'ticket';

/** What the outside is told of an error. */
export interface Told {
  readonly status: number;
  readonly message: string;
}

const retrySeconds = 2;

/**
 * Makes the body of an error: `{error, message, request_id}`, the hotel chat's without the id, or `{success, error}` of
 * tickets.
 */
export function bodyOf(
  { status, message }: Told,
  requestId: string,
  errorBody: ErrorBody | undefined,
): object {
  if (errorBody === 'ticket') return { success: false, error: message };
  const error = STATUS_CODES[status] ?? 'Error';
  return errorBody === 'hotel' ? { error, message } : { error, message, request_id: requestId };
}

/** Answers with the error body of the route. */
export function sendError(request: FastifyRequest, reply: FastifyReply, told: Told): FastifyReply {
  const { errorBody } = request.routeOptions.config;
  return reply.code(told.status).send(bodyOf(told, request.id, errorBody));
}

/** Told of each answer "could not find out". */
export type CountUnavailable = (error: Unavailable) => void;

/** Turns everything thrown into an answer: bad input 4xx, `Unavailable` 503, a bug 500 with its stack in the log only. */
export function answerErrors(server: FastifyInstance, countUnavailable: CountUnavailable): void {
  server.setNotFoundHandler((request, reply) =>
    sendError(request, reply, { status: 404, message: 'There is no such route' }),
  );
  server.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof RequestProblem) {
      if (error.retryAfter !== undefined) void reply.header('retry-after', error.retryAfter);
      return sendError(request, reply, error);
    }
    if (error instanceof Unavailable) {
      countUnavailable(error);
      request.log.warn({ dependency: error.dependency, err: error }, 'could not find out');
      void reply.header('retry-after', retrySeconds);
      return sendError(request, reply, { status: 503, message: 'Try again in a moment' });
    }
    const status = error.statusCode;
    if (status !== undefined && status >= 400 && status < 500) {
      // A schema's message names the field and the rule, never the value.
      const message = error.validation ? error.message : sentenceFor(status);
      return sendError(request, reply, { status, message });
    }
    request.log.error({ err: error }, 'bug');
    return sendError(request, reply, { status: 500, message: 'Something went wrong here' });
  });
}

/** Our own words: a library's message may quote what was sent. */
function sentenceFor(status: number): string {
  if (status === 413) return 'The body is too large';
  if (status === 415) return 'The body must be a form or JSON';
  if (status === 429) return 'Too many requests';
  return 'The request is malformed';
}
