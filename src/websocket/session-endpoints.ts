import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Origin } from '../audit/audit-event.ts';
import type { PresentedCredential } from '../authn/credential.ts';
import type { Question } from '../authorize/auth-request.ts';
import {
  authorizeChannel,
  decideChannel,
  type AuthorizeDeps,
} from '../authorize/authorize-channel.ts';
import type { Responses } from '../http/openapi/operation.ts';
import type { Grant, Refusal, RefusalCode } from '../policy/decision.ts';
import { principalId, type Principal } from '../policy/principal.ts';
import { admit, type AdmitPorts } from './authorize-upgrade.ts';
import { endings } from './close-codes.ts';
import type { Connection } from './connection.ts';
import { sessionDoorDocs } from './endpoint-docs.ts';
import { forwardedHeaders } from './forwarded-headers.ts';
import { identityHeaders } from './identity-headers.ts';
import { endWithClient } from './join-upstream.ts';
import type { Verdict } from './revalidation.ts';
import type { Doorway } from './server.ts';
import { answerHostFault, type HostFaultPorts } from './upstream-refusal.ts';
import { dialUpstream, type DialPorts, type Upstream } from './upstream.ts';

/** Whom these doors ask. */
export interface SessionDoorPorts extends AdmitPorts, DialPorts, HostFaultPorts, AuthorizeDeps {
  /** What the request shows of itself; throws what the server answers when that is malformed. */
  readonly credentialsOf: (request: FastifyRequest) => readonly PresentedCredential[];
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

interface Door {
  readonly path: string;
  readonly channel: string;
}

/** The host's own addresses, and the channel that whoever enters must be allowed into. */
const doors: readonly Door[] = [
  { path: '/ws/all-seat-datasocket/', channel: 'private-all-seat-status' },
  { path: '/ws/payment-socket/:orderId/', channel: 'private-payment-:orderId' },
  { path: '/ws/chat/', channel: 'private-chat-box' },
];

/**
 * Adds the endpoints of the host's WebSockets. Before it completes a handshake, Usher decides as for the channel, and
 * connects to the host. The host's answer determines the client's.
 */
export function addSessionDoors(doorway: Doorway, ports: SessionDoorPorts): void {
  for (const door of doors) {
    const docs = sessionDoorDocs(door.channel.replace(':orderId', '{orderId}'), ports.refusals);
    doorway.addDoor(
      door.path,
      { docs, action: 'subscribe' },
      async (request, reply, { protocols }) => {
        const giveBack = await ports.countConnection(request);
        const question = questionOf(door, request, ports);
        const decision = await authorizeChannel(question, ports).catch(async (error: unknown) => {
          // That we could not find out does not count against the address.
          await giveBack();
          throw error;
        });
        if (decision.outcome === 'refusal') return ports.sendRefusal(request, reply, decision);
        await giveBack();
        const upstream = upstreamOf(door, request, { question, grant: decision, ...ports });
        const client = doorway.watchClient(request);
        const dialling = dialUpstream(upstream, { ...ports, protocols, signal: client.signal });
        const dialled = await dialling.finally(client.stop);
        if ('fault' in dialled) {
          const { origin } = question;
          const answering = { ...ports, grant: decision, origin };
          return answerHostFault([request, reply], dialled.fault, answering);
        }
        const { server, protocol } = dialled;
        const then = (connection: Connection): void => {
          endWithClient(connection, server, ports);
          const { principal, socketId: sessionId } = decision;
          const { log } = request;
          const recheck = () => askAgain({ question, grant: decision, log }, ports);
          const { origin } = question;
          admit(connection, { principal, sessionId, origin, recheck, server, log }, ports);
        };
        if (!doorway.open(request, reply, { protocol, then })) server.terminate();
        return reply;
      },
    );
  }
}

function questionOf({ channel }: Door, request: FastifyRequest, ports: SessionDoorPorts): Question {
  return {
    channelName: withOrder(channel, request),
    socketId: newSocketId(ports.randomBytes),
    credentials: ports.credentialsOf(request),
    pinned: { tenantIds: [] },
    origin: ports.originOf(request),
  };
}

/** A connection of ours, named in the form of a Pusher socket id: two numbers of 48 random bits. */
function newSocketId(randomBytes: SessionDoorPorts['randomBytes']): string {
  const bytes = Buffer.from(randomBytes(12));
  return `${bytes.readUIntBE(0, 6)}.${bytes.readUIntBE(6, 6)}`;
}

function withOrder(text: string, request: FastifyRequest): string {
  const { orderId = '' } = request.params as { readonly orderId?: string };
  return text.replace(':orderId', () => orderId);
}

interface Entering {
  readonly question: Question;
  readonly grant: Grant;
  readonly host: SessionDoorPorts['host'];
  readonly preserveHost: boolean;
}

/**
 * The host's server at the path that was judged, not as it was spelt, with the query as it came. Of the cookies it gets
 * the one that was judged, by which it knows its visitor itself.
 */
function upstreamOf(
  door: Door,
  request: FastifyRequest,
  { question, grant, host, preserveHost }: Entering,
): Upstream {
  const [path = '', query = ''] = (request.raw.url ?? '').split(/\?(.*)/s);
  const url = new URL(host.url);
  const judged = withOrder(door.path, request);
  // The host's router may know only one of the two forms.
  url.pathname =
    url.pathname.replace(/\/$/, '') + (path.endsWith('/') ? judged : judged.slice(0, -1));
  url.search = query;
  const [credential] = question.credentials;
  const cookie = credential?.kind === 'session-cookie' ? credential.text.reveal() : undefined;
  const { principal, socketId: sessionId } = grant;
  return {
    url,
    headers: {
      ...forwardedHeaders(request, { address: question.origin.address, preserveHost }),
      ...identityHeaders({ principal, sessionId }),
      ...(cookie !== undefined && { Cookie: `${host.cookieName}=${cookie}` }),
    },
  };
}

/** Asks the same question again. Only what changes is recorded, or an open page would fill the trail. */
async function askAgain(
  { question, grant, log }: Pick<Entering, 'question' | 'grant'> & { log: FastifyBaseLogger },
  ports: SessionDoorPorts,
): Promise<Verdict> {
  const decision = await decideChannel(question, ports);
  if (decision.outcome === 'grant' && isSame(decision.principal, grant.principal)) {
    return { expiresAt: decision.principal.expiresAt };
  }
  // Somebody who has to leave does not stay because the trail is not to be had.
  await ports.record(decision, question.origin).catch((error: unknown) => {
    log.error({ err: error, decisionId: decision.id }, 'could not record a refusal');
  });
  const hasEnded = decision.outcome === 'refusal' && sessionEnded.has(decision.code);
  return { ending: hasEnded ? endings.credentialEnded : endings.accessEnded };
}

/** The server behind was told who this is: the connection of one visitor never becomes another one's. */
function isSame(now: Principal, before: Principal): boolean {
  return now.kind === before.kind && principalId(now) === principalId(before);
}

/** The refusals that mean a logout, a changed password or the end of a session. */
const sessionEnded: ReadonlySet<RefusalCode> = new Set([
  'credential-expired',
  'credential-rejected',
]);
