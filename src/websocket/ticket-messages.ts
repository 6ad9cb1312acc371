import type { TicketHolder } from '../authorize/tickets/ticket.ts';
import type { Message } from './connection.ts';

/** Existing clients of `GET /ws` compare these texts. */
export type AuthenticationFault =
  | 'Invalid or expired ticket'
  | 'Ticket has expired'
  | 'Authentication required'
  | 'Authentication failed';

/** The limit for the first message: many times a ticket with its `clientInfo`. */
const maxMessageBytes = 4096;

/** The ticket of a `ticket_authenticate` message; `undefined` for any other message. `clientInfo` is ignored. */
export function parseTicketMessage({ data, isBinary }: Message): string | undefined {
  if (isBinary || data.length > maxMessageBytes) return undefined;
  let message: unknown;
  try {
    message = JSON.parse(data.toString());
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, ticket } = message as { readonly type?: unknown; readonly ticket?: unknown };
  return type === 'ticket_authenticate' && typeof ticket === 'string' ? ticket : undefined;
}

/** The message after a valid ticket. JSON omits the fields that the ticket does not have. */
export function authenticationSuccess(sessionId: string, holder: TicketHolder): object {
  const { user, entityId, entityType } = holder;
  return {
    type: 'authentication_success',
    sessionId,
    user: { userId: user.id, entityId, entityType },
  };
}

/** The message after anything else, before the connection is closed. */
export function authenticationError(error: AuthenticationFault): object {
  return { type: 'authentication_error', error };
}
