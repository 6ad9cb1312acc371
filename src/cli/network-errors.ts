import { Unavailable } from '../runtime/unavailable.ts';

const descriptions: readonly (readonly [RegExp, string])[] = [
  [/^bad port$/, 'fetch and browsers refuse that port'],
  [/ECONNREFUSED/, 'nothing listens at that address and port'],
  [/ENOTFOUND|EAI_AGAIN/, 'the host name cannot be resolved'],
  [/EHOSTUNREACH|ENETUNREACH|timeout|TIMEOUT|ETIMEDOUT/, 'there was no response in time'],
  [/WRONG_VERSION|PACKET_LENGTH|EPROTO|SSL_/, 'the port does not support TLS'],
  [/CERT_HAS_EXPIRED/, 'the TLS certificate has expired'],
  [/ALTNAME/, 'the TLS certificate is for another host name'],
  [/SELF_SIGNED|UNABLE_TO_|CERT/, 'the TLS certificate is not signed by a known authority'],
  [/ECONNRESET|SOCKET|hang up/, 'the connection was closed without a response'],
  [
    /^http-/,
    'the response to a WebSocket handshake was a web page: a proxy does not pass upgrades',
  ],
];

/** Describes a fault, or repeats its code. */
export function describeFault(fault: string): string {
  const [, description] = descriptions.find(([pattern]) => pattern.test(fault)) ?? [];
  return description === undefined ? `it failed with ${fault}` : `${description} (${fault})`;
}

/** True if only one side uses TLS. */
export const isOneSidedTls = (fault: string): boolean =>
  /WRONG_VERSION|PACKET_LENGTH|EPROTO|ERR_SSL/.test(fault);

/** The error code, also of a cause; never a message, which may have an address with a token. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, cause, name, message } = error as NodeJS.ErrnoException & {
    readonly cause?: unknown;
  };
  if (name === 'TimeoutError') return 'timeout';
  // An error of Node's fetch without a code.
  if (message === 'bad port') return message;
  if (typeof code === 'string') return code;
  return cause === undefined ? 'unknown' : codeOf(cause);
}

/** Describes why a dependency is unavailable, without a full stop. An error without a code has a message without secrets. */
export function describeOutage(error: unknown): string {
  const cause = error instanceof Unavailable ? error.cause : error;
  if (cause instanceof SyntaxError) return 'its response is not JSON';
  const code = codeOf(cause);
  return code === 'unknown' && cause instanceof Error
    ? cause.message.replace(/\.$/, '')
    : describeFault(code);
}
