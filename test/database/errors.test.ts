import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { databaseUnavailable } from '../../src/database/errors.ts';

/** The reason that Usher reports for a connection to a server with this response; without one the server does not respond. */
function reasonFor(response: string, timeoutMs?: number): Promise<string> {
  return reasonOf((socket) => {
    socket.resume();
    if (response !== '') socket.write(Buffer.from(response, 'latin1'));
  }, timeoutMs);
}

async function reasonOf(accept: (socket: Socket) => void, timeoutMs = 10_000): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    accept(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new Client({ host: '127.0.0.1', port, connectionTimeoutMillis: timeoutMs });
  client.on('error', () => undefined);
  try {
    const error: unknown = await client.connect().catch((reason: unknown) => reason);
    return (databaseUnavailable(error).cause as Error).message;
  } finally {
    await client.end().catch(() => undefined);
    server.close();
  }
}

describe('a server at DATABASE_URL that is not PostgreSQL', () => {
  it.each([
    ['MySQL', 'd\0\0\0\x0a8.0.36\0'],
    ['MySQL 5.7', 'J\0\0\0\x0a5.7.44\0' + 'x'.repeat(1_024)],
    ['MariaDB', 'd\0\0\0\x0a5.5.5-10.11.6-MariaDB-0+deb12u1\0'],
  ])('%s is reported as the cause', async (_name, greeting) => {
    expect(await reasonFor(greeting)).toBe(
      'the response is not of the protocol of PostgreSQL: another server may listen there',
    );
  });

  it('that does not respond is reported as well', async () => {
    expect(await reasonFor('', 1)).toBe('timeout expired');
  });
});

it('a server that requires a password is reported if the URL has none', async () => {
  const request = (code: number, text: string) => {
    const body = Buffer.concat([Buffer.from([0, 0, 0, code]), Buffer.from(text)]);
    return Buffer.concat([Buffer.from('R'), Buffer.from([0, 0, 0, body.length + 4]), body]);
  };
  const requests = [request(10, 'SCRAM-SHA-256\0\0'), request(11, 'r=nonce,s=c2FsdA==,i=4096')];
  const reason = await reasonOf((socket) => {
    socket.on('data', () => socket.write(requests.shift() ?? ''));
  });
  expect(reason).toBe('the server requires a password, and the URL has none');
});
