import { connect } from 'node:net';

/** One response on a connection. */
export interface WireResponse {
  readonly status: number;
  /** The status line and the headers, in lower case. */
  readonly head: string;
  readonly text: string;
}

/** The maximum duration of a response in milliseconds. It is long, because a slow machine is not a failure. */
const longest = 20_000;

/** Milliseconds without a response after which the client ends its side of the connection. */
const silence = 300;

/** Writes these bytes and returns all received data; throws if the other side does not end the connection. */
export async function exchange(address: string, bytes: Buffer): Promise<readonly WireResponse[]> {
  return responsesIn(await exchangeBytes(address, bytes));
}

function exchangeBytes(address: string, bytes: Buffer): Promise<Buffer> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) });
    const timer = setTimeout(() => {
      socket.destroy(new Error(`The connection did not end within ${longest} ms`));
    }, longest);
    let failure: NodeJS.ErrnoException | undefined;
    // Not immediately: Node does not respond after the client has ended its side.
    socket.setTimeout(silence, () => socket.end());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      // The server may close the connection while the client writes a body that it does not read.
      const isCut = failure?.code === 'ECONNRESET' || failure?.code === 'EPIPE';
      if (failure === undefined || isCut) resolve(Buffer.concat(chunks));
      else reject(failure);
    });
    socket.write(bytes);
  });
}

/** Splits responses by their lengths (RFC 9112 §6.3); data after a 101 is not HTTP. */
function responsesIn(bytes: Buffer): readonly WireResponse[] {
  const responses: WireResponse[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`No HTTP response: ${rest.toString('latin1')}`);
    const head = rest.subarray(0, end).toString('latin1').toLowerCase();
    const status = Number(/^http\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error(`No HTTP response: ${head}`);
    const from = end + 4;
    // Node's own responses have no body and an empty chunked encoding.
    const isEmpty =
      head.includes('\r\ntransfer-encoding: chunked') && rest.indexOf('0\r\n\r\n', from) === from;
    const length = isEmpty ? 5 : Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
    responses.push({
      status,
      head,
      text: isEmpty ? '' : rest.subarray(from, from + length).toString(),
    });
    if (status === 101) break;
    rest = rest.subarray(from + length);
  }
  return responses;
}
