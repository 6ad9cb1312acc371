import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startUsher } from '../../support/usher.ts';
import { openSocket } from '../raw-socket.ts';
import { userRequest } from '../requests.ts';
import type { TestRequest } from '../requests.ts';

/** The head of a request, and its body. */
function rawRequest({ path, headers, body }: TestRequest, more = ''): readonly [string, string] {
  const text = (body as URLSearchParams).toString();
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const head =
    `POST ${path} HTTP/1.1\r\nHost: usher\r\n${lines.join('')}${more}` +
    'Content-Type: application/x-www-form-urlencoded\r\n' +
    `Content-Length: ${String(text.length)}\r\n\r\n`;
  return [head, text];
}

function isRefused(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => {
      resolve(true);
    });
  });
}

describe('closing', () => {
  it('responds to a request that was in progress, and to the next one on its connection', async () => {
    const usher = await startUsher();
    let stopped: Promise<void> | undefined;
    try {
      const socket = await openSocket(usher.public);
      // The interim response proves that the request has started; its body follows.
      const [head, body] = rawRequest(userRequest(), 'Expect: 100-continue\r\n');
      socket.write(head);
      await socket.until('100 Continue');
      stopped = usher.stop();
      while (!(await isRefused(usher.public)));
      socket.write(body + rawRequest(userRequest()).join(''));
      await socket.closed;
      const responses = socket.received();
      expect(responses.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(9))).toStrictEqual([
        '100',
        '200',
        '200',
      ]);
      expect(responses.match(/"auth":/g)).toHaveLength(2);
    } finally {
      await (stopped ?? usher.stop());
    }
  });

  it('accepts new connections during the notice period, even without an open connection', async () => {
    const usher = await startUsher({ SHUTDOWN_NOTICE: '5s' });
    const stopped = usher.stop();
    try {
      while ((await fetch(`${usher.operator}/readyz`)).status !== 503);
      for (let request = 0; request < 5; request += 1) {
        const response = await fetch(`${usher.public}/usher-client.js`);
        expect(response.headers.get('connection')).toBe('close');
        await response.body?.cancel();
      }
    } finally {
      await stopped;
    }
  });
});
