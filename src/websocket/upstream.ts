import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { StartTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';

/** The server behind an endpoint, and the headers that it is sent. */
export interface Upstream {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a connection to the server behind takes. */
export interface DialDeps {
  readonly startTimer: StartTimer;
  /** The largest message of the server behind, in bytes; without it there is no limit. */
  readonly maxUpstreamMessage: number | undefined;
}

/** Why the server behind completed no handshake. */
export type DialFault =
  /** It answered with a status from 400 to 599, and perhaps a `Retry-After`. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfter?: string | undefined }
  /** It answered with something else that opens no WebSocket, such as a redirect or a wrong `Sec-WebSocket-Accept`. */
  | { readonly kind: 'invalid'; readonly why: string }
  /** The client no longer waits for the answer. */
  | { readonly kind: 'abandoned' };

/** An open connection to the server behind, paused, with the subprotocol that it chose; or none. */
export type Dialled =
  | { readonly server: WebSocket; readonly protocol: string | undefined }
  | { readonly fault: DialFault };

/** How long the server behind may take to complete the handshake, in milliseconds. */
const dialTimeoutMs = 10_000;

/**
 * Connects to the server behind and offers it these subprotocols. Nothing is read before the connection is resumed. Redirects
 * are not followed. Throws `Unavailable` when the server cannot be reached or does not answer within ten seconds.
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
  const choice = trackSubprotocol(server, protocols);
  return new Promise<Dialled>((resolve, reject) => {
    const fail = (fault: DialFault): void => {
      resolve({ fault });
      server.terminate();
    };
    const abandon = (): void => {
      fail({ kind: 'abandoned' });
    };
    const stopWaiting = startTimer(dialTimeoutMs, () => {
      reject(unreachable('no answer within ten seconds'));
      server.terminate();
    });
    signal.addEventListener('abort', abandon);
    const stop = (): void => {
      stopWaiting();
      signal.removeEventListener('abort', abandon);
    };
    server.once('close', stop).once('open', () => {
      stop();
      server.pause();
      resolve({ server, protocol: choice() });
    });
    server.on('unexpected-response', (_request, response: IncomingMessage) => {
      fail(faultOf(response));
    });
    // Stays for the life of the connection, whose end `close` reports: an `error` without a listener would be thrown.
    server.on('error', ({ code, message }: Error & { readonly code?: string }) => {
      if (isNetworkError(code)) reject(unreachable(code ?? message));
      else resolve({ fault: { kind: 'invalid', why: code ?? message } });
    });
  });
}

/**
 * The subprotocol that the server behind chose. If it chose none, browsers fail, and other clients do not, so the client
 * must see that. `ws` always fails without a choice, so one is added to the answer that it reads.
 */
function trackSubprotocol(
  server: WebSocket,
  protocols: readonly string[],
): () => string | undefined {
  const [first] = protocols;
  let hasChosen = true;
  server.once('upgrade', ({ headers }) => {
    hasChosen = headers['sec-websocket-protocol'] !== undefined;
    if (!hasChosen && first !== undefined) headers['sec-websocket-protocol'] = first;
  });
  return () => (hasChosen && server.protocol !== '' ? server.protocol : undefined);
}

function faultOf({ statusCode: status = 0, headers }: IncomingMessage): DialFault {
  if (status < 400 || status > 599) return { kind: 'invalid', why: `status ${status}` };
  return { kind: 'refused', status, retryAfter: headers['retry-after'] };
}

/** Node's errors of sockets, names and TLS have a code; those of a broken answer (`HPE_…`) are no outage. */
function isNetworkError(code: string | undefined): boolean {
  return code !== undefined && !code.startsWith('HPE_') && !code.startsWith('WS_ERR_');
}

/** The message of the cause may hold the address of the server. */
function unreachable(why: string): Unavailable {
  return new Unavailable('WebSocket upstream', { cause: new Error(why) });
}
