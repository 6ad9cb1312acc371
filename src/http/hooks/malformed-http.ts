import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Responses by the parser's error code; any other code means that the request is not HTTP. */
const meanings: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request took too long' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are too large' },
};
const noHttp = { status: 400, message: 'The request is not HTTP' } as const;

/**
 * Sends the error body for a request that is not HTTP or too slow, and closes the connection. It bypasses routes and hooks,
 * and browsers do not send such requests, so there are no CORS headers.
 */
export function sendMalformedHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, message } = meanings[error.code ?? ''] ?? noHttp;
  const requestId = randomUUID();
  const word = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({ error: word, message, request_id: requestId });
  const head = [
    `HTTP/1.1 ${status} ${word}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  // Destroyed once it is written: further bytes are not a request.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
}
