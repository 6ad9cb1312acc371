import { connect, type Socket } from 'node:net';

/** An answer as it came, still in the connection's buffer: read what you need before you send again. */
export interface RawResponse {
  readonly status: number;
  readonly body: () => string;
}

/** A keep-alive connection with one request under way at most. */
export interface Connection {
  readonly send: (bytes: Buffer) => void;
  readonly close: () => void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly onResponse: (response: RawResponse) => void;
  /** The connection could not be had, or broke; called once, and never after `close`. */
  readonly onBroken: () => void;
}

/** Longer than any answer, or it comes in several pieces. */
const bufferSize = 64 * 1024;

/** Opens a connection that knows just enough of HTTP/1.1 to count answers, so that the client is not what is measured. */
export function openConnection({
  port,
  onResponse: onResponse,
  onBroken,
}: ConnectionOptions): Connection {
  let earlier: Buffer | undefined;
  let closed = false;
  const read = (piece: Buffer): void => {
    const data = earlier === undefined ? piece : Buffer.concat([earlier, piece]);
    const response = parseResponse(data);
    // Copied, since the next piece comes into the same buffer.
    earlier = response === undefined ? Buffer.from(data) : undefined;
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

/** The answer in these bytes; `undefined` while some of it is missing. */
function parseResponse(data: Buffer): RawResponse | undefined {
  const headEnd = data.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = data.toString('latin1', 0, headEnd);
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (length === undefined) throw new Error(`An answer without a length:\n${head}`);
  const bodyStart = headEnd + 4;
  const bodyEnd = bodyStart + Number(length);
  if (data.length < bodyEnd) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    body: () => data.toString('utf8', bodyStart, bodyEnd),
  };
}
