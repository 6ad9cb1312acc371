import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ChannelAuthRequest } from '../../../authorize/auth-request.ts';
import type { Grant } from '../../../policy/decision.ts';
import { newSocketId } from '../../../policy/pusher-names.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { authorizeConnection, type AuthorizeConnectionDeps } from '../../authorize-connection.ts';
import { namedTenants, originOf, type HeadersOf } from '../../input/auth-request.ts';
import type { CredentialsOf } from '../../input/credentials.ts';
import { headerValue } from '../../output/header-value.ts';
import { RequestProblem } from '../../output/problem.ts';
import { sendRefusal } from '../../output/response.ts';
import { forwardAuthDocs, forwardAuthResponses } from './docs.ts';
import { requestedChannel } from './requested-channel.ts';

interface ForwardAuthDeps extends AuthorizeConnectionDeps {
  readonly credentialsOf: CredentialsOf;
  readonly headersOf: HeadersOf;
  readonly countFailure: CountFailure;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Proxies may send the client's method. The CORS plugin must not respond: a 204 to a preflight would be a grant. */
const anyMethod = { action: 'subscribe', cors: false, isAnyMethod: true } as const;

/**
 * Adds `/forward-auth`, which authorizes a connection of a client for the proxy that will forward it: 204, or 401 and
 * 403, which are the only refusals that nginx passes on; 429 and 503 as elsewhere. Envoy appends the client's path.
 */
export function addForwardAuth(server: FastifyInstance, deps: ForwardAuthDeps): void {
  const refusals = { responses: forwardAuthResponses, countFailure: deps.countFailure };
  const read = (request: FastifyRequest) => readRequest(request, deps);
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const { decision } = await authorizeConnection(request, read, deps);
    return decision.outcome === 'grant'
      ? sendIdentity(reply, decision)
      : sendRefusal([request, reply], decision, refusals);
  };
  const onRequest = [ignoreBody, preventCaching];
  const others = server.supportedMethods.filter((method) => method !== 'GET');
  const documented = { ...anyMethod, docs: forwardAuthDocs, isAnyMethod: false };
  const get = { method: 'GET', exposeHeadRoute: false, onRequest, handler } as const;
  server.route({ ...get, url: '/forward-auth', config: documented });
  server.route({ ...get, url: '/forward-auth', method: others, config: anyMethod });
  server.route({
    ...get,
    url: '/forward-auth/*',
    method: server.supportedMethods,
    config: anyMethod,
  });
}

function readRequest(request: FastifyRequest, deps: ForwardAuthDeps): ChannelAuthRequest {
  try {
    return {
      channelName: requestedChannel(request, deps.policy()),
      socketId: newSocketId(deps.randomBytes),
      credentials: deps.credentialsOf(request),
      constraints: { tenantIds: namedTenants(request) },
      origin: originOf(request),
      headers: deps.headersOf(request),
    };
  } catch (error) {
    if (!(error instanceof RequestProblem)) throw error;
    throw new RequestProblem(403, error.message);
  }
}

/** All headers are in each response, if need be empty: a proxy that copies them replaces those that the client sent. */
function sendIdentity(reply: FastifyReply, { id, principal }: Grant): FastifyReply {
  const { kind, id: user, tenantId = '', roles } = principal;
  return reply
    .code(204)
    .headers({
      'x-decision-id': id,
      'x-usher-decision-id': id,
      'x-usher-user': headerValue(user),
      'x-usher-kind': headerValue(kind),
      'x-usher-tenant-id': headerValue(tenantId),
      'x-usher-roles': roles.map(headerValue).join(','),
    })
    .send();
}

/**
 * The body is the client's, and some proxies send its headers without it. Usher neither waits for it nor reads the
 * next request of the proxy as the body.
 */

function ignoreBody(
  { raw: { headers } }: FastifyRequest,
  reply: FastifyReply,
  done: () => void,
): void {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers;
  if (length !== '0' || encoding !== undefined) void reply.header('connection', 'close');
  delete headers['content-type'];
  delete headers['content-length'];
  delete headers['transfer-encoding'];
  done();
}

function preventCaching(_request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  void reply.header('cache-control', 'no-store');
  done();
}
