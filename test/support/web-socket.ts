import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer, type ClientOptions, type RawData } from 'ws';

/** The end of a WebSocket, as this side received it. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** One side of a WebSocket, whose messages a test receives one by one. */
export interface TestSocket {
  readonly socket: WebSocket;
  /** The next message: text as text, binary as a buffer. Rejects if the connection closes first. */
  readonly next: () => Promise<string | Buffer>;
  /** The next message, parsed. */
  readonly nextJson: () => Promise<unknown>;
  readonly closed: Promise<Closing>;
}

/** Listens to a WebSocket from now on. */
export function wrapSocket(socket: WebSocket): TestSocket {
  const arrived: (string | Buffer)[] = [];
  const wanted: ((message: string | Buffer) => void)[] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data: RawData, isBinary) => {
    const message = isBinary ? (data as Buffer) : (data as Buffer).toString();
    const want = wanted.shift();
    if (want) want(message);
    else arrived.push(message);
  });
  const closed = new Promise<Closing>((resolve) => {
    socket.once('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  const next = () => {
    const message = arrived.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise<string | Buffer>((resolve, reject) => {
      wanted.push(resolve);
      void closed.then(({ code }) => {
        reject(new Error(`The connection ended with ${code}`));
      });
    });
  };
  const nextJson = async () => JSON.parse((await next()).toString()) as unknown;
  return { socket, next, nextJson, closed };
}

/** A refused handshake. */
export interface HandshakeRefused {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Options of a client, and the subprotocols that it offers. */
export interface ClientSettings extends ClientOptions {
  readonly protocols?: readonly string[];
  /** For SNI; the types of `ws` lack it. */
  readonly servername?: string;
}

/** Opens a WebSocket at a path of an HTTP address; throws when the handshake is refused. */
export async function openClient(
  base: string,
  path: string,
  settings: ClientSettings = {},
): Promise<TestSocket> {
  const client = await tryClient(base, path, settings);
  if ('status' in client) throw new Error(`Refused with ${client.status}: ${client.text}`);
  return client;
}

/** The same, but resolves to the response if the handshake is refused. */
export async function tryClient(
  base: string,
  path: string,
  { protocols = [], ...options }: ClientSettings = {},
): Promise<TestSocket | HandshakeRefused> {
  const socket = new WebSocket(base.replace(/^http/, 'ws') + path, [...protocols], options);
  const client = wrapSocket(socket);
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      resolve(client);
    });
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: Buffer.concat(chunks).toString() });
      });
    });
  });
}

/** A connection of Usher to its upstream server. */
export interface UpstreamSocket extends TestSocket {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** An upstream WebSocket server of Usher. */
export interface TestUpstream {
  readonly url: string;
  /** The next connection. */
  readonly next: () => Promise<UpstreamSocket>;
  /** The number of connections so far. */
  readonly count: () => number;
  readonly stop: () => Promise<void>;
}

/** Starts one on a free port of loopback. While `accepts` returns false, it responds to handshakes with 503. */
export async function startUpstream(accepts = () => true): Promise<TestUpstream> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    verifyClient: (_request, done) => {
      done(accepts(), 503);
    },
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const arrived: UpstreamSocket[] = [];
  const wanted: ((arrival: UpstreamSocket) => void)[] = [];
  let count = 0;
  server.on('connection', (socket, { url, headers }) => {
    count += 1;
    const arrival = { ...wrapSocket(socket), path: url ?? '', headers };
    const want = wanted.shift();
    if (want) want(arrival);
    else arrived.push(arrival);
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: () => {
      const arrival = arrived.shift();
      return arrival ? Promise.resolve(arrival) : new Promise((resolve) => wanted.push(resolve));
    },
    count: () => count,
    stop: async () => {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
