import type { FastifyInstance } from 'fastify';
import { redeemTicket, type RedeemTicketDeps } from '../../../authorize/tickets/redeem-ticket.ts';
import type { TicketHolder } from '../../../authorize/tickets/ticket.ts';
import type { CountFailure } from '../../../rate-limit/request-limits.ts';
import { originOf } from '../../input/auth-request.ts';
import { requiredField } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { ticketErrors } from '../../output/errors.ts';
import { sendGrant, sendRefusal } from '../../output/response.ts';
import { checkClientInfo } from './body.ts';
import { chatServerCredentials } from './chat-server.ts';
import { redeemTicketDocs } from './docs.ts';
import { redeemResponses } from './refusal-responses.ts';

interface RedeemTicketRouteDeps extends RedeemTicketDeps {
  readonly countFailure: CountFailure;
}

const options = {
  config: {
    action: 'redeem-ticket',
    errorBody: ticketErrors,
    body: 'json',
    docs: redeemTicketDocs,
  },
} as const;

/** Adds the route with which an external chat server redeems a ticket that it received from a page. */
export function addRedeemTicket(server: FastifyInstance, deps: RedeemTicketRouteDeps): void {
  const refusals = { responses: redeemResponses, countFailure: deps.countFailure };
  server.post('/api/websocket/ticket/redeem', options, async (request, reply) => {
    checkClientInfo(request.body);
    const presentation = {
      ticket: requiredField(request.body, 'ticket', maxCharacters.ticket),
      redeemer: chatServerCredentials(request),
      origin: originOf(request),
    };
    const decision = await redeemTicket(presentation, deps);
    return decision.outcome === 'grant'
      ? sendGrant(reply, decision.id, toBody(decision.holder))
      : sendRefusal([request, reply], decision, refusals);
  });
}

function toBody({ user, entityId, entityType, providerResId, expiresAt }: TicketHolder): object {
  return {
    success: true,
    // JSON omits undefined members.
    user: { userId: user.id, entityId, entityType, providerResId },
    expiresAt: new Date(expiresAt).toISOString(),
  };
}
