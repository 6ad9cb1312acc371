import { connect, type Socket } from 'node:net';

/** A response in the buffer of the connection. It is valid until the next request is sent. */
export interface RawResponse {
  readonly status: number;
  readonly body: () => string;
}

/** A keep-alive connection with at most one open request. */
export interface Connection {
  readonly send: (bytes: Buffer) => void;
  readonly close: () => void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly onResponse: (response: RawResponse) => void;
  /** Called once if the connection fails or breaks; never after `close`. */
  readonly onBroken: () => void;
}

/** Bytes. A longer response arrives in several chunks. */
const bufferSize = 64 * 1024;

/** Opens a connection with a minimal HTTP/1.1 parser, because a complete client would use more processor time than the server. */
export function openConnection({ port, onResponse, onBroken }: ConnectionOptions): Connection {
  let received: Buffer | undefined;
  let closed = false;
  const read = (chunk: Buffer): void => {
    const data = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const response = parseResponse(data);
    // Copied, because the next chunk overwrites the buffer.
    received = response === undefined ? Buffer.from(data) : undefined;
    if (response !== undefined) onResponse(response);
  };
  const buffer = Buffer.allocUnsafe(bufferSize);
  const socket: Socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        read(buffer.subarray(0, length));
        return true;
      },
    },
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (!closed) onBroken();
  });
  return {
    send: (bytes) => void socket.write(bytes),
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

/** Parses a response; `undefined` if it is incomplete. */
function parseResponse(data: Buffer): RawResponse | undefined {
  const headEnd = data.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = data.toString('latin1', 0, headEnd);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`The response has no Content-Length:\n${head}`);
  const bodyStart = headEnd + 4;
  const bodyEnd = bodyStart + Number(length);
  if (data.length < bodyEnd) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    body: () => data.toString('utf8', bodyStart, bodyEnd),
  };
}
