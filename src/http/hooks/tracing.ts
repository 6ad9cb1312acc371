import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RequestSpan, SpanAttributes, Tracing } from '../../observability/tracing/tracer.ts';

/**
 * Traces each request with the attribute names of OpenTelemetry's semantic conventions for HTTP. Path, query, address and
 * headers are left out: they contain tokens and personal data.
 */
export function traceRequests(
  server: FastifyInstance,
  { startRequest }: Pick<Tracing, 'startRequest'>,
): void {
  const spans = new WeakMap<IncomingMessage, RequestSpan>();
  server.addHook('onRequest', (request, reply, done) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url;
    const { traceparent } = request.headers;
    const span = startRequest(route === undefined ? method : `${method} ${route}`, {
      attributes: {
        'http.request.method': method,
        'url.scheme': request.protocol,
        'usher.request_id': request.id,
        ...(route !== undefined && { 'http.route': route }),
      },
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    });
    spans.set(request.raw, span);
    // `close` also fires if the client disconnects before the response is finished.
    reply.raw.once('close', () => {
      span.end(reply.raw.writableFinished ? outcomeOf(reply) : disconnected);
    });
    done();
  });
  server.addHook('onRoute', (route) => {
    const { handler, config } = route;
    // Not earlier: the body is read in the asynchronous context of its socket, which several requests share.
    route.handler = function (request, reply) {
      const span = spans.get(request.raw);
      if (span === undefined) return handler.call(this, request, reply);
      const result = span.run(() => handler.call(this, request, reply));
      if (config?.withoutPermit === true) {
        void Promise.resolve(result).then(
          () => {
            if (becameWebSocket(reply)) span.end(upgraded);
          },
          () => undefined,
        );
      }
      return result;
    };
  });
}

interface Outcome {
  readonly attributes: SpanAttributes;
  readonly failed: boolean;
}

const upgraded: Outcome = { attributes: { 'http.response.status_code': 101 }, failed: false };
const disconnected: Outcome = { attributes: { 'error.type': 'hung up' }, failed: false };

function outcomeOf(reply: FastifyReply): Outcome {
  const decisionId = reply.getHeader('x-decision-id');
  const status = reply.statusCode;
  return {
    attributes: {
      'http.response.status_code': status,
      ...(typeof decisionId === 'string' && { 'usher.decision_id': decisionId }),
    },
    failed: status >= 500,
  };
}

/** The response to a completed handshake is not written by Fastify, so its reply cannot be used. */
function becameWebSocket(reply: FastifyReply): boolean {
  return reply.sent && !reply.raw.headersSent;
}
