import type { IncomingMessage } from 'node:http';

/** The error response to a request that cannot be upgraded. */
export interface HandshakeFault {
  readonly status: 400 | 426;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Handshake {
  /** The subprotocols that the client offers, in order of preference. */
  readonly protocols: readonly string[];
}

/** With `close`: Node keeps the connection open for any other `Connection` header. */
const upgradeRequired = { Upgrade: 'websocket', Connection: 'Upgrade, close' };

const faults = {
  noUpgrade: {
    status: 426,
    message:
      'This address accepts WebSocket connections only; if the client requested one, a proxy removed its Upgrade and Connection headers',
    headers: upgradeRequired,
  },
  // RFC 6455 §4.4: the response names the supported version.
  version: {
    status: 426,
    message: 'The WebSocket version must be 13',
    headers: { ...upgradeRequired, 'Sec-WebSocket-Version': '13' },
  },
  key: { status: 400, message: 'Sec-WebSocket-Key must be 16 bytes in base64', headers: {} },
  protocols: { status: 400, message: 'Sec-WebSocket-Protocol is malformed', headers: {} },
} as const satisfies Readonly<Record<string, HandshakeFault>>;

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Parses an opening handshake (RFC 6455 §4.2.1). `isUpgrade`: Node passed the connection for an upgrade. Parsed before the
 * decision, since `ws` would reject it only after the grant was recorded.
 */
export function readHandshake(
  { headers }: IncomingMessage,
  isUpgrade: boolean,
): Handshake | { readonly fault: HandshakeFault } {
  if (!isUpgrade) return { fault: faults.noUpgrade };
  if (headers['sec-websocket-version'] !== '13') return { fault: faults.version };
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    return { fault: faults.key };
  }
  const protocols = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  const isValid = protocols.every((name) => token.test(name));
  if (!isValid || new Set(protocols).size < protocols.length) return { fault: faults.protocols };
  return { protocols };
}
