import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  issueTicket,
  type IssueTicketDeps,
  type TicketRequest,
} from '../authorize/issue-ticket.ts';
import type { IssueDecision, IssuedTicket } from '../core/ticket.ts';
import { Unavailable } from '../core/unavailable.ts';
import { sendGrant, sendRefusal } from './answer.ts';
import { originOf, presentedBearer } from './asker.ts';
import { shownChatServer } from './chat-server.ts';
import { sendError, type CountUnavailable } from './errors.ts';
import type { CountFailure } from './limits.ts';
import { checkClientInfo, idField } from './ticket-body.ts';
import { issueTicketDocs } from './ticket-docs.ts';
import { issueReplies } from './ticket-reply.ts';

/** What the route depends on. */
export interface IssueTicketRouteDeps extends IssueTicketDeps {
  readonly countFailure: CountFailure;
  readonly countUnavailable: CountUnavailable;
}

const options = {
  config: { action: 'issue-ticket', errorBody: 'ticket', body: 'json', docs: issueTicketDocs },
} as const;

/** Adds the route by which a chat page gets a ticket; its bodies are those that existing pages parse. */
export function addIssueTicket(server: FastifyInstance, deps: IssueTicketRouteDeps): void {
  const refusing = { replies: issueReplies, countFailure: deps.countFailure };
  server.post('/api/websocket/ticket', options, async (request, reply) => {
    const asked = ticketRequest(request);
    let decision: IssueDecision;
    try {
      decision = await issueTicket(asked, deps);
    } catch (error) {
      if (error instanceof Unavailable) deps.countUnavailable(error);
      // These pages know a 500 with this sentence, where other clients get a 503.
      request.log.error({ err: error }, 'no ticket could be issued');
      return sendError(request, reply, { status: 500, message: 'Failed to generate ticket' });
    }
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, shown(decision))
      : sendRefusal([request, reply], decision, refusing);
  });
}

function ticketRequest(request: FastifyRequest): TicketRequest {
  const { body } = request;
  checkClientInfo(body);
  const [entityId, entityType] = [idField(body, 'entityId'), idField(body, 'entityType')];
  const providerResId = idField(body, 'providerResId');
  return {
    // Only a bearer token: a page that has a session cookie as well does not mean that one.
    credentials: presentedBearer(request),
    serverKey: shownChatServer(request).key,
    userId: idField(body, 'userId'),
    about: {
      ...(entityId !== undefined && { entityId }),
      ...(entityType !== undefined && { entityType }),
      ...(providerResId !== undefined && { providerResId }),
    },
    origin: originOf(request),
  };
}

function shown({ ticket, expiresAt }: IssuedTicket): object {
  // The one time that its text leaves.
  return {
    success: true,
    ticket: ticket.reveal(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
