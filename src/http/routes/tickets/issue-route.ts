import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  issueTicket,
  type IssueTicketDeps,
  type TicketRequest,
} from '../../../authorize/tickets/issue-ticket.ts';
import type { IssueDecision, IssuedTicket } from '../../../authorize/tickets/ticket.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { Unavailable } from '../../../runtime/unavailable.ts';
import { originOf } from '../../input/auth-request.ts';
import { bearerCredentials } from '../../input/credentials.ts';
import { ticketErrors } from '../../output/errors.ts';
import { sendError, type CountUnavailable } from '../../output/errors.ts';
import { sendGrant, sendRefusal } from '../../output/response.ts';
import { checkClientInfo, idField } from './body.ts';
import { chatServerCredentials } from './chat-server.ts';
import { issueTicketDocs } from './docs.ts';
import { issueResponses } from './refusal-responses.ts';

interface IssueTicketRouteDeps extends IssueTicketDeps {
  readonly countFailure: CountFailure;
  readonly countUnavailable: CountUnavailable;
}

const options = {
  config: { action: 'issue-ticket', errorBody: ticketErrors, body: 'json', docs: issueTicketDocs },
} as const;

/** Adds the route that issues a ticket to a chat page. Existing pages parse its bodies. */
export function addIssueTicket(server: FastifyInstance, deps: IssueTicketRouteDeps): void {
  const refusals = { responses: issueResponses, countFailure: deps.countFailure };
  server.post('/api/websocket/ticket', options, async (request, reply) => {
    const ticket = ticketRequest(request);
    let decision: IssueDecision;
    try {
      decision = await issueTicket(ticket, deps);
    } catch (error) {
      if (error instanceof Unavailable) deps.countUnavailable(error);
      // These pages expect a 500 with this message. Other clients get a 503.
      request.log.error({ err: error }, 'no ticket could be issued');
      return sendError(request, reply, { status: 500, message: 'Failed to generate ticket' });
    }
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, toBody(decision))
      : sendRefusal([request, reply], decision, refusals);
  });
}

function ticketRequest(request: FastifyRequest): TicketRequest {
  const { body } = request;
  checkClientInfo(body);
  const [entityId, entityType] = [idField(body, 'entityId'), idField(body, 'entityType')];
  const providerResId = idField(body, 'providerResId');
  return {
    // Only a bearer token. The session cookie is ignored, because the page does not send it on purpose.
    credentials: bearerCredentials(request),
    serverKey: chatServerCredentials(request).key,
    userId: idField(body, 'userId'),
    about: {
      ...(entityId !== undefined && { entityId }),
      ...(entityType !== undefined && { entityType }),
      ...(providerResId !== undefined && { providerResId }),
    },
    origin: originOf(request),
  };
}

function toBody({ ticket, expiresAt }: IssuedTicket): object {
  // The only response that contains the ticket's text.
  return {
    success: true,
    ticket: ticket.reveal(),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
