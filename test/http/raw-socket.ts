import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** A connection whose every byte the test decides. */
export interface RawSocket {
  /** All received data. */
  readonly received: () => string;
  readonly write: (bytes: string | Buffer) => void;
  /** Writes these bytes and ends this side. */
  readonly end: (bytes: string | Buffer) => void;
  /** Resolves when the received data contains the text; rejects if the connection ends without it. */
  readonly until: (text: string) => Promise<void>;
  /** Resolves when the other side has ended the connection. */
  readonly closed: Promise<unknown>;
  readonly destroy: () => void;
}

/** Connects to the host and port of this address. */
export async function openSocket(address: string): Promise<RawSocket> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // Some tests expect to be disconnected.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  const received = () => Buffer.concat(chunks).toString();
  return {
    received,
    write: (bytes) => void socket.write(bytes),
    end: (bytes) => void socket.end(bytes),
    until: (text) => containing(socket, () => received().includes(text), text),
    closed,
    destroy: () => void socket.destroy(),
  };
}

function containing(socket: Socket, found: () => boolean, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (found()) resolve();
    };
    socket.on('data', look);
    socket.once('close', () => {
      look();
      reject(new Error(`The connection ended without ${text}`));
    });
    look();
  });
}

/** Writes the bytes and returns all data until the other side ends the connection. */
export async function speak(address: string, bytes: string | Buffer): Promise<string> {
  const socket = await openSocket(address);
  socket.write(bytes);
  await socket.closed;
  return socket.received();
}
