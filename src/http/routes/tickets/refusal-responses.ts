import type { IssueRefusalCode, RedeemRefusalCode } from '../../../authorize/tickets/ticket.ts';
import type { RefusalResponses } from '../../output/refusal-response.ts';

const missing = { status: 401, message: 'Missing authentication headers' } as const;
const invalid = { status: 401, message: 'Invalid authentication token' } as const;

/** Refusals to issue a ticket. Existing pages parse these messages. */
export const issueResponses: RefusalResponses<IssueRefusalCode> = {
  'credential-missing': missing,
  'server-key-missing': missing,
  'server-key-rejected': invalid,
  'credential-conflict': { status: 400, message: 'Only one credential may be presented' },
  'credential-malformed': invalid,
  'credential-expired': invalid,
  'credential-rejected': invalid,
  'credential-not-configured': invalid,
  'origin-refused': invalid,
  revoked: invalid,
  'wrong-kind': invalid,
  'wrong-user': { status: 403, message: 'A ticket is issued to yourself only' },
};

const unknown = { status: 401, message: 'Invalid or expired ticket' } as const;

/**
 * Refusals to redeem a ticket. Existing chat servers parse these messages. They do not disclose that a ticket was
 * already redeemed, was revoked, or belongs to another server.
 */
export const redeemResponses: RefusalResponses<RedeemRefusalCode> = {
  'server-key-missing': missing,
  'server-key-rejected': { status: 401, message: 'Authentication failed' },
  'ticket-unknown': unknown,
  'ticket-expired': { status: 401, message: 'Ticket has expired' },
  'ticket-replayed': unknown,
  'ticket-of-other-server': unknown,
  revoked: unknown,
};
