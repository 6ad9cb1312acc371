import { describe, expect, it } from 'vitest';
import { useUsher } from '../support/usher.ts';
import { openSocket } from './raw-socket.ts';

const start = 'POST /broadcasting/auth HTTP/1.1\r\nHost: usher\r\n';
const unfinished: readonly (readonly [string, string])[] = [
  ['a request line', 'POST /broadcas'],
  ['headers', `${start}Authorization: Bea`],
  ['a body', `${start}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"socket_id":`],
];

describe('a client that never completes its request', () => {
  const usher = useUsher();

  // Real time passes here, ten to twenty seconds, in all three at once.
  it.concurrent.each(unfinished)(
    '%s is disconnected',
    { timeout: 120_000 },
    async (_what, text) => {
      const socket = await openSocket(usher.public);
      socket.write(text);
      await socket.closed;
      expect(socket.received()).toMatch(/^HTTP\/1\.1 408 |^$/);
    },
  );
});
