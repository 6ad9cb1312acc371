import { Unavailable } from '../../runtime/unavailable.ts';

const descriptions: readonly (readonly [RegExp, string])[] = [
  [/^unexpected redirect$/, 'it redirects, and Usher follows no redirect'],
  [/^bad port$/, 'fetch and browsers refuse that port'],
  [/ECONNREFUSED/, 'nothing listens at that address and port'],
  [/ENOTFOUND|EAI_AGAIN/, 'the host name is not known'],
  [/EHOSTUNREACH|ENETUNREACH|timeout|TIMEOUT|ETIMEDOUT/, 'nobody answered in time'],
  [/WRONG_VERSION|PACKET_LENGTH|EPROTO|SSL_/, 'TLS was spoken to a port that does not speak it'],
  [/CERT_HAS_EXPIRED/, 'the TLS certificate has expired'],
  [/ALTNAME/, 'the TLS certificate is for another host name'],
  [/SELF_SIGNED|UNABLE_TO_|CERT/, 'the TLS certificate is not signed by an authority known here'],
  [/ECONNRESET|SOCKET|hang up/, 'the connection was closed without an answer'],
  [/^http-/, 'a WebSocket was answered with a web page; a proxy there does not pass upgrades'],
];

/** A fault in plain words; one that has none by its own code. */
export function describeFault(fault: string): string {
  const [, sentence] = descriptions.find(([pattern]) => pattern.test(fault)) ?? [];
  return sentence === undefined ? `it failed with ${fault}` : `${sentence} (${fault})`;
}

/** True for a fault that comes of TLS on one side only. */
export const isOneSidedTls = (fault: string): boolean =>
  /WRONG_VERSION|PACKET_LENGTH|EPROTO|ERR_SSL/.test(fault);

/** The code of what Node threw, searched for in its causes; never a message, which may hold an address with a token. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, cause, name, message } = error as NodeJS.ErrnoException & {
    readonly cause?: unknown;
  };
  if (name === 'TimeoutError') return 'timeout';
  // Errors of Node's fetch that have no code.
  if (message === 'bad port' || message === 'unexpected redirect') return message;
  if (typeof code === 'string') return code;
  return cause === undefined ? 'unknown' : codeOf(cause);
}

/** The reason for which a dependency does not work. For an error without a code, its message, which has no secret. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Unavailable ? error.cause : error;
  if (cause instanceof SyntaxError) return 'it does not answer with JSON';
  const code = codeOf(cause);
  return code === 'unknown' && cause instanceof Error ? cause.message : describeFault(code);
}
