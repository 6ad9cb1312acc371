import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** What the parser's codes mean; every other one is a request that is no HTTP. */
const meanings: Readonly<Record<string, { readonly status: number; readonly message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request took too long' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The headers are too large' },
};
const noHttp = { status: 400, message: 'The request is not HTTP' } as const;

/**
 * Answers what is no HTTP, or came too slowly, with our error body, and ends the connection. No route and no hook ever
 * sees it, and no browser sends it, so it has no CORS headers.
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
  // Destroyed once it is written: what still comes is no request.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
}
