import type { TicketHolder } from '../authorize/tickets/ticket.ts';
import type { Message } from './connection.ts';

/** What existing clients of `GET /ws` compare with, word for word. */
export type AuthenticationFault =
  | 'Invalid or expired ticket'
  | 'Ticket has expired'
  | 'Authentication required'
  | 'Authentication failed';

/** The longest first message that is looked at, in bytes; a ticket and what a browser says of itself fit many times. */
const maxLength = 4096;

/** The ticket of a `ticket_authenticate` message; `undefined` for every other message. The `clientInfo` in it is not used. */
export function parseTicketMessage({ data, isBinary }: Message): string | undefined {
  if (isBinary || data.length > maxLength) return undefined;
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

/** The answer to a good ticket; parts that the ticket does not know are left out. */
export function authenticationSuccess(sessionId: string, holder: TicketHolder): object {
  const { user, entityId, entityType } = holder;
  return {
    type: 'authentication_success',
    sessionId,
    user: { userId: user.userId, entityId, entityType },
  };
}

/** The answer to everything else; the connection ends after it. */
export function authenticationError(error: AuthenticationFault): object {
  return { type: 'authentication_error', error };
}
