/** How a WebSocket ends: a close code (RFC 6455 §7.4) and a reason, which is 123 bytes at most. */
export interface CloseCode {
  readonly code: number;
  readonly reason: string;
}

/**
 * Why Usher ends a WebSocket. Codes from 4000 on are ours, the others are registered with IANA.
 * Beside these, `ws` itself ends with 1002, 1007 and 1009 what breaks the protocol or is too large.
 */
export const closeCodes = {
  goingAway: { code: 1001, reason: 'Usher is closing' },
  messageTooLarge: { code: 1009, reason: 'A message of the server behind was too large' },
  unhandledError: { code: 1011, reason: 'Something went wrong here' },
  unavailable: { code: 1013, reason: 'Try again in a moment' },
  upstreamFailed: { code: 1014, reason: 'The server behind this address is not reachable' },
  upstreamRefused: { code: 1014, reason: 'The server behind this address refused the connection' },
  credentialEnded: { code: 4001, reason: 'The credential has ended' },
  accessEnded: { code: 4003, reason: 'Access was withdrawn' },
  authenticationFailed: { code: 4401, reason: 'Authentication failed' },
  authenticationTimeout: { code: 4408, reason: 'Authentication took too long' },
  tooManyMessages: { code: 4429, reason: 'Too many messages' },
} as const satisfies Readonly<Record<string, CloseCode>>;

/**
 * What the other side of a proxy is told when this side ended so. 1005 and 1006 stand for "no code" and "cut off"
 * and may not be sent (RFC 6455 §7.4.1); `cutOff` is what the latter is called instead.
 */
export function forwardedCloseCode(ending: CloseCode, cutOff: CloseCode): CloseCode {
  if (ending.code === 1005) return { code: 1000, reason: '' };
  return ending.code === 1006 ? cutOff : ending;
}
