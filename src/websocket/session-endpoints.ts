import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { Credential } from '../authn/credential.ts';
import type { ChannelAuthRequest } from '../authorize/auth-request.ts';
import { authorizeConnection, type AuthorizeConnectionDeps } from '../http/authorize-connection.ts';
import { fastifyPath, fillNames } from '../http/fastify-path.ts';
import type { Responses } from '../http/openapi/operation.ts';
import { RequestProblem } from '../http/output/problem.ts';
import type { Refusal } from '../policy/decision.ts';
import type { DoorPolicy } from '../policy/policy.ts';
import type { VisitorHeaders } from '../policy/forward.ts';
import { newSocketId } from '../policy/pusher-names.ts';
import type { Connection } from './connection.ts';
import { sessionEndpointDocs } from './endpoint-docs.ts';
import { closeWithClient } from './join-upstream.ts';
import { reauthorize, type Authorized } from './reauthorize.ts';
import type { WebSocketEndpoints } from './server.ts';
import { startSession, type SessionDeps } from './session.ts';
import { forwardedHeaders, identityHeaders } from './upstream-headers.ts';
import { sendUpstreamRefusal, type UpstreamRefusalDeps } from './upstream-refusal.ts';
import { dialUpstream, type DialDeps, type Upstream } from './upstream.ts';

interface SessionEndpointDeps
  extends SessionDeps, DialDeps, UpstreamRefusalDeps, AuthorizeConnectionDeps {
  /** The credentials of a request. Throws the error response if one is malformed. */
  readonly credentialsOf: (request: FastifyRequest) => readonly Credential[];
  readonly originOf: (request: FastifyRequest) => Origin;
  readonly headersOf: (request: FastifyRequest) => VisitorHeaders;
  readonly sendRefusal: (
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
  ) => Promise<FastifyReply>;
  /** OpenAPI of the error responses. */
  readonly refusals: Responses;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The WebSocket server behind a door; `undefined` if its variable is not set. */
  readonly upstreamOf: (door: DoorPolicy) => URL | undefined;
  /** The name of the application's session cookie; `undefined` if the credential has several with their names. */
  readonly cookieName: string | undefined;
  /** Whether the application receives the client's `Host`. */
  readonly preserveHost: boolean;
}

/**
 * Adds the WebSocket endpoints of the application. Before it completes a handshake, Usher authorizes the channel and
 * connects to the application, whose response determines the response to the client.
 */
export function addSessionEndpoints(
  webSockets: WebSocketEndpoints,
  deps: SessionEndpointDeps,
): void {
  for (const [path, door] of deps.policy().doors) {
    if (deps.upstreamOf(door) === undefined) continue;
    const docs = sessionEndpointDocs(door, deps.refusals);
    webSockets.addEndpoint(
      fastifyPath(path),
      { docs, action: 'subscribe' },
      async (request, reply, { protocols }) => {
        const current = deps.policy().doors.get(path);
        const url = current && deps.upstreamOf(current);
        if (current === undefined || url === undefined) {
          throw new RequestProblem(404, 'There is no such route');
        }
        const read = () => authRequestOf(withParams(current.channel, request), request, deps);
        const { authRequest, decision } = await authorizeConnection(request, read, deps);
        const { origin } = authRequest;
        if (decision.outcome === 'refusal') return deps.sendRefusal(request, reply, decision);
        const authorized = { request, authRequest, grant: decision };
        const upstream = upstreamOf({ path, url }, authorized, deps);
        const client = webSockets.watchClient(request);
        const dialling = dialUpstream(upstream, { ...deps, protocols, signal: client.signal });
        const dialled = await dialling.finally(client.stop);
        if ('fault' in dialled) {
          const refused = { fault: dialled.fault, grant: decision, origin };
          return sendUpstreamRefusal([request, reply], refused, deps);
        }
        const { server, protocol } = dialled;
        const then = (connection: Connection): void => {
          closeWithClient(connection, server, deps);
          const { principal, socketId: sessionId } = decision;
          const { log } = request;
          const revalidate = () => {
            const now = deps.policy().doors.get(path);
            return reauthorize(
              { ...authorized, channelName: now && withParams(now.channel, request) },
              deps,
            );
          };
          const opened = { endpoint: path, channel: authRequest.channelName };
          startSession(
            connection,
            { ...opened, principal, sessionId, origin, revalidate, server, log },
            deps,
          );
        };
        if (!webSockets.open(request, reply, { protocol, then })) server.terminate();
        return reply;
      },
    );
  }
}

function authRequestOf(
  channelName: string,
  request: FastifyRequest,
  deps: SessionEndpointDeps,
): ChannelAuthRequest {
  return {
    channelName,
    socketId: newSocketId(deps.randomBytes),
    credentials: deps.credentialsOf(request),
    constraints: { tenantIds: [] },
    origin: deps.originOf(request),
    headers: deps.headersOf(request),
  };
}

/** Replaces `{name}` by the parameter of the path. */
function withParams(text: string, { params }: FastifyRequest): string {
  const values = params as Readonly<Record<string, string>>;
  return fillNames(text, (name) => values[name] ?? '');
}

/**
 * The application's server. Its path is built from the authorized parameters instead of the raw URL; the query is
 * unchanged. It receives only the session cookies that were authenticated.
 */
function upstreamOf(
  door: { readonly path: string; readonly url: URL },
  { request, authRequest, grant }: Authorized,
  { cookieName, preserveHost }: SessionEndpointDeps,
): Upstream {
  const [path = '', query = ''] = (request.raw.url ?? '').split(/\?(.*)/s);
  const url = new URL(door.url);
  const authorizedPath = withParams(door.path, request);
  // The application's router may accept only one form: with or without the trailing slash.
  url.pathname =
    url.pathname.replace(/\/$/, '') +
    authorizedPath.replace(/\/$/, '') +
    (path.endsWith('/') ? '/' : '');
  url.search = query;
  const [credential] = authRequest.credentials;
  const cookie = credential?.kind === 'session-cookie' ? credential.text.reveal() : undefined;
  const { principal, socketId: sessionId } = grant;
  return {
    url,
    headers: {
      ...forwardedHeaders(request, { address: authRequest.origin.address, preserveHost }),
      ...identityHeaders({ principal, sessionId }),
      ...(cookie !== undefined && {
        Cookie: cookieName === undefined ? cookie : `${cookieName}=${cookie}`,
      }),
    },
  };
}
