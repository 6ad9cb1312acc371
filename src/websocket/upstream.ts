import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { StartTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** The server behind an endpoint, and the request headers for it. */
export interface Upstream {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

export interface DialDeps {
  readonly startTimer: StartTimer;
  /** The limit for messages of the upstream server, in bytes; `undefined`: no limit. */
  readonly maxUpstreamMessage: number | undefined;
}

/** Why the handshake failed. */
export type DialFault =
  /** The response has a status from 400 to 599. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfter?: string | undefined }
  /** Any other response without a valid upgrade, such as a redirect or a wrong `Sec-WebSocket-Accept`. */
  | { readonly kind: 'invalid'; readonly why: string }
  /** The client has disconnected. */
  | { readonly kind: 'abandoned' };

/** An open, paused connection with the subprotocol that the upstream server selected. */
type Dialled =
  | { readonly server: WebSocket; readonly protocol: string | undefined }
  | { readonly fault: DialFault };

const dialTimeoutMs = 10_000;

/**
 * Connects to the upstream server and offers these subprotocols. The connection is paused: resume it to receive messages.
 * Redirects are not followed. Throws `Unavailable` if the server is unreachable or does not respond within ten seconds.
 */
export function dialUpstream(
  { url, headers }: Upstream,
  deps: DialDeps & { readonly protocols: readonly string[]; readonly signal: AbortSignal },
): Promise<Dialled> {
  const { startTimer, maxUpstreamMessage = 0, protocols, signal } = deps;
  if (signal.aborted) return Promise.resolve({ fault: { kind: 'abandoned' } });
  const server = new WebSocket(url, [...protocols], {
    headers,
    maxPayload: maxUpstreamMessage,
    perMessageDeflate: false,
  });
  const selectedProtocol = trackSubprotocol(server, protocols);
  return new Promise<Dialled>((resolve, reject) => {
    const fail = (fault: DialFault): void => {
      resolve({ fault });
      server.terminate();
    };
    const abandon = (): void => {
      fail({ kind: 'abandoned' });
    };
    const stopTimer = startTimer(dialTimeoutMs, () => {
      reject(unreachable('no response within ten seconds'));
      server.terminate();
    });
    signal.addEventListener('abort', abandon);
    const stop = (): void => {
      stopTimer();
      signal.removeEventListener('abort', abandon);
    };
    server.once('close', stop).once('open', () => {
      stop();
      server.pause();
      resolve({ server, protocol: selectedProtocol() });
    });
    server.on('unexpected-response', (_request, response: IncomingMessage) => {
      fail(faultOf(response));
    });
    // Never removed: Node throws an `error` without a listener. The `close` event reports the end.
    server.on('error', ({ code, message }: Error & { readonly code?: string }) => {
      if (isNetworkError(code)) reject(unreachable(code ?? message));
      else resolve({ fault: { kind: 'invalid', why: code ?? message } });
    });
  });
}

/**
 * The subprotocol that the upstream server selected. Without a selection browsers fail and other clients do not, so this
 * must be forwarded to the client. `ws` always fails, so a selection is added to the response before `ws` reads it.
 */
function trackSubprotocol(
  server: WebSocket,
  protocols: readonly string[],
): () => string | undefined {
  const [first] = protocols;
  let hasSelected = true;
  server.once('upgrade', ({ headers }) => {
    hasSelected = headers['sec-websocket-protocol'] !== undefined;
    if (!hasSelected && first !== undefined) headers['sec-websocket-protocol'] = first;
  });
  return () => (hasSelected && server.protocol !== '' ? server.protocol : undefined);
}

function faultOf({ statusCode: status = 0, headers }: IncomingMessage): DialFault {
  if (status < 400 || status > 599) return { kind: 'invalid', why: `status ${status}` };
  return { kind: 'refused', status, retryAfter: headers['retry-after'] };
}

/** Errors of sockets, DNS and TLS have a code. Errors of a malformed response (`HPE_…`) are not an outage. */
function isNetworkError(code: string | undefined): boolean {
  return code !== undefined && !code.startsWith('HPE_') && !code.startsWith('WS_ERR_');
}

function unreachable(reason: string): Unavailable {
  return new Unavailable('WebSocket upstream', { cause: new Error(reason) });
}
