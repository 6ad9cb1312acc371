/** A close code (RFC 6455 §7.4) with a reason of at most 123 bytes. */
export interface CloseCode {
  readonly code: number;
  readonly reason: string;
}

/**
 * Codes from 4000 on are Usher's own, the others are registered with IANA. `ws` itself sends 1002, 1007 and 1009 for
 * protocol errors and messages that are too large.
 */
export const closeCodes = {
  goingAway: { code: 1001, reason: 'Usher is closing' },
  messageTooLarge: { code: 1009, reason: 'A message of the upstream server was too large' },
  unhandledError: { code: 1011, reason: 'Internal error' },
  unavailable: { code: 1013, reason: 'Try again in a moment' },
  upstreamFailed: { code: 1014, reason: 'The upstream server is not reachable' },
  upstreamRefused: { code: 1014, reason: 'The upstream server refused the connection' },
  credentialExpired: { code: 4001, reason: 'The credential has ended' },
  accessRevoked: { code: 4003, reason: 'Access was revoked' },
  authenticationFailed: { code: 4401, reason: 'Authentication failed' },
  authenticationTimeout: { code: 4408, reason: 'Authentication took too long' },
  tooManyMessages: { code: 4429, reason: 'Too many messages' },
} as const satisfies Readonly<Record<string, CloseCode>>;

/** The close code for the other side of a proxy. 1005 (no code) and 1006 (connection lost) must not be sent (RFC 6455 §7.4.1). */
export function forwardedCloseCode(received: CloseCode, connectionLost: CloseCode): CloseCode {
  if (received.code === 1005) return { code: 1000, reason: '' };
  return received.code === 1006 ? connectionLost : received;
}
