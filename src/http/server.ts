import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import cors, { type OriginFunction } from '@fastify/cors';
import rateLimit from '@fastify/rate-limit';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { takeFormsAndJson } from './input/body.ts';
import { sendMalformedHttp } from './hooks/malformed-http.ts';
import { normalizeForwardedFor, createIsTrusted } from './input/client-address.ts';
import { handleErrors, type CountUnavailable, type WriteUnreadable } from './output/errors.ts';
import { allowsOrigin, namesOrigin } from '../runtime/network/allowed-origins.ts';
import type { Limits } from '../rate-limit/limits.ts';
import { maxBodyBytes } from './input/lengths.ts';
import { createRateLimitStore } from '../rate-limit/request-limits.ts';
import { refuseMalformedPaths, routableTarget } from './input/path.ts';

/** What every listener needs. */
export interface ServerSettings {
  readonly logger: FastifyBaseLogger;
  /** Networks whose `X-Forwarded-For` counts; nobody's by default. */
  readonly trustedProxies: readonly string[];
  /** How long an idle connection is kept, in milliseconds; 72 s by default, as long as Fastify does. */
  readonly keepAliveTimeoutMs?: number;
  /** Whether `//` in a path is read as `/`: base addresses of clients often end in one. */
  readonly ignoreDuplicateSlashes?: boolean;
  readonly countUnavailable?: CountUnavailable;
  /** Needed where routes authorize. */
  readonly writeUnreadable?: WriteUnreadable;
}

/** Slow clients are cut off after these times, in milliseconds. An idle connection is not slow: Node counts from the first byte of a request. */
const timeoutsMs = { headers: 10_000, request: 15_000, sweep: 2_000 } as const;

/** Creates a listener without routes: bodies, errors, ids and time-outs are set. */
export function createServer({
  logger,
  trustedProxies,
  keepAliveTimeoutMs = 72_000,
  ignoreDuplicateSlashes = false,
  countUnavailable = () => undefined,
  writeUnreadable = () => Promise.reject(new Error('Nothing is on record here')),
}: ServerSettings): FastifyInstance {
  const isTrusted = createIsTrusted(trustedProxies);
  const server = Fastify({
    loggerInstance: withoutRequestLogs(logger),
    childLoggerFactory: (_quiet, bindings, options) => logger.child(bindings, options),
    // Fastify's own lines hold the whole URL, and a guest's token stands in its query.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    requestIdHeader: false,
    genReqId: ({ headers, socket }) =>
      (isTrusted(socket.remoteAddress) ? forwardedId(headers['x-request-id']) : undefined) ??
      randomUUID(),
    trustProxy: trustedProxies.length > 0 ? isTrusted : false,
    rewriteUrl: routableTarget,
    routerOptions: {
      ...{ ignoreTrailingSlash: true, ignoreDuplicateSlashes },
      // None: a part that is too long is refused when its route is known.
      maxParamLength: Number.MAX_SAFE_INTEGER,
    },
    // While we close, what still arrives on an open connection is answered too; pusher-js would not ask again.
    return503OnClosing: false,
    requestTimeout: timeoutsMs.request,
    keepAliveTimeout: keepAliveTimeoutMs,
    http: {
      headersTimeout: timeoutsMs.headers,
      // Node looks at slow connections only this often, by default every 30 s.
      connectionsCheckingInterval: timeoutsMs.sweep,
    },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
    clientErrorHandler: sendMalformedHttp,
  });
  // Node keeps an address that was asked for in time; of who has hung up meanwhile it knows none, and a refusal would count for nobody.
  server.server.on('connection', ({ remoteAddress }: Socket) => remoteAddress);
  server.addHook('onRequest', (request, reply, done) => {
    normalizeForwardedFor(request.raw.headers);
    void reply.header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    if (logger.level === 'debug' || logger.level === 'trace') {
      const { method, routeOptions } = request;
      const line = { method, route: routeOptions.url, status: reply.statusCode };
      request.log.debug({ ...line, ms: reply.elapsedTime }, 'answered');
    }
    done();
  });
  refuseMalformedPaths(server);
  takeFormsAndJson(server);
  handleErrors(server, { countUnavailable, recordUnread: writeUnreadable });
  return server;
}

/** The origins of pages whose requests are accepted. */
export interface BrowserSettings {
  readonly allowedOrigins: readonly string[];
  /** Where refused requests are counted. */
  readonly limits: Pick<Limits, 'consume'>;
}

/** Adds what only browsers and strangers need: CORS, on errors too or the client sees status 0, and the limiter. */
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
  // One object for all requests: with its `delegator` the plugin makes its options anew for each.
  await server.register(cors, {
    origin: originFor(allowedOrigins),
    methods: 'POST, GET, DELETE',
    // The plugin's own refusal of an OPTIONS that is no preflight has no body of ours.
    strictPreflight: false,
    exposedHeaders: 'X-Request-Id, X-Decision-Id, Retry-After',
    maxAge: 600,
  });
  await server.register(rateLimit, { global: false, store: createRateLimitStore(limits) });
}

/**
 * The value that the plugin expects for an origin: `true` repeats the origin. `[]` matches no origin: the preflight is
 * still answered, without a CORS grant.
 */
function originFor(allowedOrigins: readonly string[]): OriginFunction {
  const others = allowedOrigins.includes('*') ? '*' : [];
  return (origin = '', done) => {
    const isNamed = namesOrigin(allowedOrigins, origin);
    const isWild = others !== '*' && allowsOrigin(allowedOrigins, origin);
    done(null, isNamed || isWild ? true : others);
  };
}

/** Fastify announces each listener itself, at level info; we log both in one line. Requests log at the level that was set. */
function withoutRequestLogs(logger: FastifyBaseLogger): FastifyBaseLogger {
  return ['trace', 'debug', 'info'].includes(logger.level)
    ? logger.child({}, { level: 'warn' })
    : logger;
}

/** The request id of a trusted proxy, which joins its log and ours; without characters that could forge a log line. */
function forwardedId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[A-Za-z0-9._-]{8,128}$/.test(header) ? header : undefined;
}
