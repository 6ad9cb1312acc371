import { randomUUID } from 'node:crypto';
import { METHODS } from 'node:http';
import type { Socket } from 'node:net';
import cors, { type OriginFunction } from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { acceptFormsAndJson } from './input/body.ts';
import { loadCompilerLate, schemaController } from './input/body-schemas.ts';
import { sendMalformedHttp } from './hooks/malformed-http.ts';
import {
  createIsTrusted,
  normalizeHeaders,
  refuseMalformedPaths,
  routableTarget,
} from './input/request-head.ts';
import { handleErrors, type CountUnavailable, type WriteUnreadable } from './output/errors.ts';
import { allowsOrigin, namesOrigin } from '../runtime/network/allowed-origins.ts';
import type { Limits } from '../rate-limit/limits.ts';
import { maxBodyBytes, maxHeaderBytes } from './input/lengths.ts';
import { createRateLimitStore } from '../rate-limit/request-limits.ts';

interface ServerSettings {
  readonly logger: FastifyBaseLogger;
  /** Networks whose `X-Forwarded-For` is used; none by default. */
  readonly trustedProxies: readonly string[];
  /** How long an idle connection is kept, in milliseconds; 72 s by default, as long as Fastify does. */
  readonly keepAliveTimeoutMs?: number;
  /** Aborted when Usher begins to close. */
  readonly closing?: AbortSignal;
  /** Whether `//` in a path is read as `/`: base addresses of clients often end in one. */
  readonly ignoreDuplicateSlashes?: boolean;
  readonly countUnavailable?: CountUnavailable;
  /** Required on a server with routes that authorize. */
  readonly writeUnreadable?: WriteUnreadable;
}

/** Timeouts for slow clients. Idle connections are not affected: Node counts from the first byte of a request. */
const timeoutsMs = { headers: 10_000, request: 15_000, sweep: 2_000 } as const;

/** Creates a server without routes, with body parsers, error handling, request ids and timeouts. */
export function createServer({
  logger,
  trustedProxies,
  keepAliveTimeoutMs = 72_000,
  closing,
  ignoreDuplicateSlashes = false,
  countUnavailable = () => undefined,
  writeUnreadable = () => Promise.reject(new Error('This server has no audit log')),
}: ServerSettings): FastifyInstance {
  const isTrusted = createIsTrusted(trustedProxies);
  const server = Fastify({
    loggerInstance: withoutRequestLogs(logger),
    childLoggerFactory: (_quiet, bindings, options) => logger.child(bindings, options),
    // Fastify's own log lines contain the whole URL, whose query may contain a guest's token.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    requestIdHeader: false,
    genReqId: ({ headers, socket }) =>
      (isTrusted(socket.remoteAddress) ? forwardedId(headers['x-request-id']) : undefined) ??
      randomUUID(),
    trustProxy: trustedProxies.length > 0 ? isTrusted : false,
    rewriteUrl: routableTarget,
    routerOptions: {
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes,
      // No limit here: a parameter that is too long is refused by its route.
      maxParamLength: Number.MAX_SAFE_INTEGER,
    },
    // During shutdown, requests on open connections are still handled; pusher-js does not retry.
    return503OnClosing: false,
    requestTimeout: timeoutsMs.request,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: timeoutsMs.headers,
      // The interval at which Node checks for slow connections; the default is 30 s.
      connectionsCheckingInterval: timeoutsMs.sweep,
    },
    schemaController,
    clientErrorHandler: sendMalformedHttp,
  });
  loadCompilerLate(server);
  acceptAllMethods(server);
  // Node caches the address at the first read; after a disconnect it has none, and a refusal would not count for any address.
  server.server.on('connection', ({ remoteAddress }: Socket) => remoteAddress);
  server.addHook('onRequest', (request, reply, done) => {
    normalizeHeaders(request.raw.headers);
    void reply.header('x-request-id', request.id);
    // Otherwise a client or proxy could send its next request just as the connection is closed, and pusher-js does not retry.
    if (closing?.aborted === true) void reply.header('connection', 'close');
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (logger.level === 'debug' || logger.level === 'trace') {
      const { method, routeOptions } = request;
      const line = { method, route: routeOptions.url, status: reply.statusCode };
      request.log.debug({ ...line, ms: reply.elapsedTime }, 'request completed');
    }
    done();
  });
  refuseMalformedPaths(server);
  acceptFormsAndJson(server);
  handleErrors(server, { countUnavailable, writeUnreadable });
  return server;
}

/**
 * Fastify supports few methods: it responds to others, such as PROPFIND, as to a path that does not exist, and refuses a QUERY without a
 * content type. Proxies that keep the method of the client need a decision for each. Node emits no request for CONNECT.
 */
function acceptAllMethods(server: FastifyInstance): void {
  for (const method of METHODS) {
    if (method === 'CONNECT') continue;
    const isKnown = server.supportedMethods.includes(method);
    if (!isKnown || method === 'QUERY') server.addHttpMethod(method, { overrideExisting: isKnown });
  }
}

/** The origins of pages whose requests are accepted. */
interface BrowserSettings {
  readonly allowedOrigins: readonly string[];
  /** Counts refused requests. */
  readonly limits: Pick<Limits, 'consume'>;
}

/** Adds CORS, also on errors, where a client would otherwise see status 0, and the rate limiter. */
export async function addCors(
  server: FastifyInstance,
  { allowedOrigins, limits }: BrowserSettings,
): Promise<void> {
  server.addHook('onRequest', ({ headers: { origin } }, reply, done) => {
    if (origin !== undefined && namesOrigin(allowedOrigins, origin)) {
      void reply.header('access-control-allow-credentials', 'true');
    }
    done();
  });
  // One object for all requests: a `delegator` would create options for each request.
  await server.register(cors, {
    origin: originFor(allowedOrigins),
    methods: 'POST, GET, DELETE',
    // Otherwise the plugin refuses an OPTIONS that is not a preflight, with a body of its own.
    strictPreflight: false,
    exposedHeaders: 'X-Request-Id, X-Decision-Id, Retry-After',
    maxAge: 600,
  });
  await server.register(rateLimit, { global: false, store: createRateLimitStore(limits) });
}

/**
 * The value that the plugin expects for an origin: `true` repeats the origin. `[]` matches no origin: the preflight still gets a
 * response, without a CORS grant.
 */
function originFor(allowedOrigins: readonly string[]): OriginFunction {
  const others = allowedOrigins.includes('*') ? '*' : [];
  return (origin = '', done) => {
    const isNamed = namesOrigin(allowedOrigins, origin);
    const isWild = others !== '*' && allowsOrigin(allowedOrigins, origin);
    done(null, isNamed || isWild ? true : others);
  };
}

/** Hides Fastify's own line about listening, since one line of ours has both addresses. Requests log at the configured level. */
function withoutRequestLogs(logger: FastifyBaseLogger): FastifyBaseLogger {
  return ['trace', 'debug', 'info'].includes(logger.level)
    ? logger.child({}, { level: 'warn' })
    : logger;
}

/** The request id of a trusted proxy, which joins its log and ours; without characters that could forge a log line. */
function forwardedId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[A-Za-z0-9._-]{8,128}$/.test(header) ? header : undefined;
}
