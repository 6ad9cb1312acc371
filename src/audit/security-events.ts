import type { Policy } from '../policy/policy.ts';
import type { OwnCode, SecurityEventType } from './audit-event.ts';

/** The security event of each code of Usher. A new code does not compile without an entry here. */
const eventByCode: Readonly<Record<OwnCode, SecurityEventType | undefined>> = {
  'malformed-request': undefined,
  // The upstream server has its own logs.
  'upstream-refused': undefined,
  'malformed-socket-id': undefined,
  'malformed-channel': undefined,
  'unknown-channel': undefined,
  'ambiguous-channel': undefined,
  'credential-missing': 'authentication-failed',
  'credential-conflict': 'authentication-failed',
  'credential-malformed': 'authentication-failed',
  'credential-expired': 'authentication-failed',
  'credential-rejected': 'authentication-failed',
  // An error of the configuration, not of the client.
  'credential-not-configured': undefined,
  'origin-refused': 'cross-origin',
  revoked: 'authentication-failed',
  'tenant-missing': undefined,
  'tenant-mismatch': 'cross-tenant',
  'fact-missing': undefined,
  'wrong-kind': undefined,
  'not-allowed': undefined,
  // The limiter writes one event per minute; an event for each refusal would fill the table.
  'too-many-authorizations': undefined,
  'too-many-subscriptions': undefined,
  'wrong-user': undefined,
  'server-key-missing': 'authentication-failed',
  'server-key-rejected': 'authentication-failed',
  'ticket-unknown': 'authentication-failed',
  'ticket-expired': 'authentication-failed',
  'ticket-replayed': 'ticket-replayed',
  'ticket-of-other-server': 'authentication-failed',
};

/** The security events of a refusal with this code. */
export function securityEventsOf(
  code: string,
  codesOfPolicy: Policy['codes'],
): readonly SecurityEventType[] {
  const signal = isOwnCode(code) ? eventByCode[code] : codesOfPolicy.get(code)?.event;
  return signal === undefined ? [] : [signal];
}

function isOwnCode(code: string): code is OwnCode {
  return Object.hasOwn(eventByCode, code);
}
