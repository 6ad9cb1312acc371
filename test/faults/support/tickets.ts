import { type TextResponse, requestJson } from '../../e2e/support/requests.ts';
import type { Usher } from '../../e2e/support/usher.ts';
import { chatServer, tokens } from './service.ts';

type EndpointUrl = Pick<Usher, 'publicUrl'>;

/** Requests a ticket, like the chat page. */
export function issueTicket({ publicUrl }: EndpointUrl): Promise<TextResponse> {
  const headers = {
    authorization: `Bearer ${tokens.user()}`,
    'x-chat-server-key': chatServer.key,
  };
  const body = { entityId: '42', entityType: 'escrow' };
  return requestJson('POST', `${publicUrl}/api/websocket/ticket`, body, headers);
}

/** Redeems a ticket, as a chat server beside Usher does. */
export function redeemTicket({ publicUrl }: EndpointUrl, ticket: string): Promise<TextResponse> {
  const headers = {
    'x-chat-server-key': chatServer.key,
    'x-chat-server-secret': chatServer.secret,
  };
  return requestJson('POST', `${publicUrl}/api/websocket/ticket/redeem`, { ticket }, headers);
}

/** The ticket in a response; throws if there is none. */
export function ticketIn({ status, text }: TextResponse): string {
  const { ticket } = JSON.parse(text) as { readonly ticket?: string };
  if (ticket === undefined) throw new Error(`No ticket: ${status} ${text}`);
  return ticket;
}
