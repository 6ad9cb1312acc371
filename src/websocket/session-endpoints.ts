import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { Credential } from '../authn/credential.ts';
import type { ChannelAuthRequest } from '../authorize/auth-request.ts';
import {
  authorizeChannel,
  decideChannel,
  type AuthorizeDeps,
} from '../authorize/authorize-channel.ts';
import type { Responses } from '../http/openapi/operation.ts';
import type { Grant, Refusal, RefusalCode } from '../policy/decision.ts';
import { principalId, type Principal } from '../policy/principal.ts';
import { startSession, type SessionDeps } from './authorize-upgrade.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { sessionEndpointDocs } from './endpoint-docs.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import { identityHeaders } from './identity-headers.ts';
import { closeWithClient } from './join-upstream.ts';
import type { RevalidationResult } from './revalidation.ts';
import type { WebSocketEndpoints } from './server.ts';
import { answerHostFault, type HostFaultDeps } from './upstream-refusal.ts';
import { dialUpstream, type DialDeps, type Upstream } from './upstream.ts';

/** Whom these doors ask. */
export interface SessionEndpointDeps extends SessionDeps, DialDeps, HostFaultDeps, AuthorizeDeps {
  /** What the request shows of itself; throws what the server answers when that is malformed. */
  readonly credentialsOf: (request: FastifyRequest) => readonly Credential[];
  readonly originOf: (request: FastifyRequest) => Origin;
  /** Counts an attempt to connect; throws what the server answers when there are too many. */
  readonly countConnection: (request: FastifyRequest) => Promise<() => Promise<void>>;
  readonly sendRefusal: (
    request: FastifyRequest,
    reply: FastifyReply,
    refusal: Refusal,
  ) => Promise<FastifyReply>;
  /** All that this can answer. */
  readonly refusals: Responses;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The host's WebSocket server, and the cookie by which it knows its visitors. */
  readonly host: { readonly url: URL; readonly cookieName: string };
  /** Whether the host gets the client's `Host`. */
  readonly preserveHost: boolean;
}

interface Endpoint {
  readonly path: string;
  readonly channel: string;
}

/** The host's own addresses, and the channel that whoever enters must be allowed into. */
const endpoints: readonly Endpoint[] = [
  { path: '/ws/all-seat-datasocket/', channel: 'private-all-seat-status' },
  { path: '/ws/payment-socket/:orderId/', channel: 'private-payment-:orderId' },
  { path: '/ws/chat/', channel: 'private-chat-box' },
];

/**
 * Adds the endpoints of the host's WebSockets. Before it completes a handshake, Usher decides as for the channel, and
 * connects to the host. The host's answer determines the client's.
 */
export function addSessionEndpoints(
  webSockets: WebSocketEndpoints,
  deps: SessionEndpointDeps,
): void {
  for (const endpoint of endpoints) {
    const docs = sessionEndpointDocs(
      endpoint.channel.replace(':orderId', '{orderId}'),
      deps.refusals,
    );
    webSockets.addEndpoint(
      endpoint.path,
      { docs, action: 'subscribe' },
      async (request, reply, { protocols }) => {
        const refund = await deps.countConnection(request);
        const authRequest = authRequestOf(endpoint, request, deps);
        const decision = await authorizeChannel(authRequest, deps).catch(async (error: unknown) => {
          // That we could not find out does not count against the address.
          await refund();
          throw error;
        });
        if (decision.outcome === 'refusal') return deps.sendRefusal(request, reply, decision);
        await refund();
        const upstream = upstreamOf(endpoint, request, {
          question: authRequest,
          grant: decision,
          ...deps,
        });
        const client = webSockets.watchClient(request);
        const dialling = dialUpstream(upstream, { ...deps, protocols, signal: client.signal });
        const dialled = await dialling.finally(client.stop);
        if ('fault' in dialled) {
          const { origin } = authRequest;
          const answering = { ...deps, grant: decision, origin };
          return answerHostFault([request, reply], dialled.fault, answering);
        }
        const { server, protocol } = dialled;
        const then = (connection: Connection): void => {
          closeWithClient(connection, server, deps);
          const { principal, socketId: sessionId } = decision;
          const { log } = request;
          const recheck = () => reauthorize({ question: authRequest, grant: decision, log }, deps);
          const { origin } = authRequest;
          startSession(connection, { principal, sessionId, origin, recheck, server, log }, deps);
        };
        if (!webSockets.open(request, reply, { protocol, then })) server.terminate();
        return reply;
      },
    );
  }
}

function authRequestOf(
  { channel }: Endpoint,
  request: FastifyRequest,
  deps: SessionEndpointDeps,
): ChannelAuthRequest {
  return {
    channelName: withOrder(channel, request),
    socketId: newSocketId(deps.randomBytes),
    credentials: deps.credentialsOf(request),
    constraints: { tenantIds: [] },
    origin: deps.originOf(request),
  };
}

/** A connection of ours, named in the form of a Pusher socket id: two numbers of 48 random bits. */
function newSocketId(randomBytes: SessionEndpointDeps['randomBytes']): string {
  const bytes = Buffer.from(randomBytes(12));
  return `${bytes.readUIntBE(0, 6)}.${bytes.readUIntBE(6, 6)}`;
}

function withOrder(text: string, request: FastifyRequest): string {
  const { orderId = '' } = request.params as { readonly orderId?: string };
  return text.replace(':orderId', () => orderId);
}

interface SessionContext {
  readonly question: ChannelAuthRequest;
  readonly grant: Grant;
  readonly host: SessionEndpointDeps['host'];
  readonly preserveHost: boolean;
}

/**
 * The host's server at the path that was judged, not as it was spelt, with the query as it came. Of the cookies it gets
 * the one that was judged, by which it knows its visitor itself.
 */
function upstreamOf(
  endpoint: Endpoint,
  request: FastifyRequest,
  { question: authRequest, grant, host, preserveHost }: SessionContext,
): Upstream {
  const [path = '', query = ''] = (request.raw.url ?? '').split(/\?(.*)/s);
  const url = new URL(host.url);
  const judged = withOrder(endpoint.path, request);
  // The host's router may know only one of the two forms.
  url.pathname =
    url.pathname.replace(/\/$/, '') + (path.endsWith('/') ? judged : judged.slice(0, -1));
  url.search = query;
  const [credential] = authRequest.credentials;
  const cookie = credential?.kind === 'session-cookie' ? credential.text.reveal() : undefined;
  const { principal, socketId: sessionId } = grant;
  return {
    url,
    headers: {
      ...forwardedHeaders(request, { address: authRequest.origin.address, preserveHost }),
      ...identityHeaders({ principal, sessionId }),
      ...(cookie !== undefined && { Cookie: `${host.cookieName}=${cookie}` }),
    },
  };
}

/** Asks the same question again. Only what changes is recorded, or an open page would fill the trail. */
async function reauthorize(
  {
    question: authRequest,
    grant,
    log,
  }: Pick<SessionContext, 'question' | 'grant'> & { log: FastifyBaseLogger },
  deps: SessionEndpointDeps,
): Promise<RevalidationResult> {
  const decision = await decideChannel(authRequest, deps);
  if (decision.outcome === 'grant' && isSame(decision.principal, grant.principal)) {
    return { expiresAt: decision.principal.expiresAt };
  }
  // Somebody who has to leave does not stay because the trail is not to be had.
  await deps.writeDecision(decision, authRequest.origin).catch((error: unknown) => {
    log.error({ err: error, decisionId: decision.id }, 'could not record a refusal');
  });
  const hasEnded = decision.outcome === 'refusal' && sessionEndedCodes.has(decision.code);
  return { closeCode: hasEnded ? closeCodes.credentialEnded : closeCodes.accessEnded };
}

/** The server behind was told who this is: the connection of one visitor never becomes another one's. */
function isSame(now: Principal, before: Principal): boolean {
  return now.kind === before.kind && principalId(now) === principalId(before);
}

/** The refusals that mean a logout, a changed password or the end of a session. */
const sessionEndedCodes: ReadonlySet<RefusalCode> = new Set([
  'credential-expired',
  'credential-rejected',
]);
