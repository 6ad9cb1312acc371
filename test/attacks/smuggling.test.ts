import { describe, expect, it } from 'vitest';
import { speak } from '../http/raw-socket.ts';
import { signaturesIn } from '../support/oracle.ts';
import { useUsher } from '../support/usher.ts';
import { receive, raw, userLines } from './attacker.ts';

const own = 'socket_id=1234.5678&channel_name=private-tenant.1.user.15';
const chunked = `${own.length.toString(16)}\r\n${own}\r\n0\r\n\r\n`;
/** The request that an attacker hides in the request of another client. */
const hidden = 'POST /broadcasting/auth HTTP/1.1\r\nHost: usher\r\nX-Hidden: 1\r\n\r\n';

describe('a request that two parsers may delimit differently', () => {
  const usher = useUsher();
  /** A request with these lines; the connection must end after one response, whatever follows. */
  const send = (
    lines: readonly string[],
    body: string,
    start = 'POST /broadcasting/auth HTTP/1.1',
  ) => speak(usher.public, `${[start, ...userLines(), ...lines].join('\r\n')}\r\n\r\n${body}`);
  /** A response may follow the body of the previous one without a line break. */
  const responsesIn = (received: string) => received.match(/HTTP\/1\.1 \d{3} /g) ?? [];

  it.each<[string, readonly string[], string]>([
    [
      'Content-Length and Transfer-Encoding',
      [`Content-Length: ${own.length}`, 'Transfer-Encoding: chunked'],
      chunked,
    ],
    [
      'Transfer-Encoding and Content-Length',
      ['Transfer-Encoding: chunked', 'Content-Length: 4'],
      chunked,
    ],
    [
      'Content-Length and Transfer-Encoding with a space before the colon',
      ['Content-Length: 4', 'Transfer-Encoding : chunked'],
      chunked,
    ],
    ['two lengths', [`Content-Length: ${own.length}`, 'Content-Length: 4'], own],
    ['two equal lengths', Array(2).fill(`Content-Length: ${own.length}`) as string[], own],
    ['a list of lengths', [`Content-Length: ${own.length}, ${own.length}`], own],
    ['a length with a plus sign', [`Content-Length: +${own.length}`], own],
    ['a length with a minus sign', ['Content-Length: -1'], own],
    ['a length in hexadecimal', [`Content-Length: 0x${own.length.toString(16)}`], own],
    ['a length in Arabic digits', ['Content-Length: \u0665\u0667'], own],
    ['a length with a fraction', [`Content-Length: ${own.length}.0`], own],
    ['a length beyond 2^64', ['Content-Length: 18446744073709551617'], own],
    ['an empty length', ['Content-Length: '], own],
    [
      'chunked in two headers',
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      chunked,
    ],
    [
      'chunked and identity',
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
      chunked,
    ],
    ['identity', ['Transfer-Encoding: identity'], own],
    ['gzip after chunked', ['Transfer-Encoding: chunked, gzip'], chunked],
    ['a misspelt chunked', ['Transfer-Encoding: xchunked'], chunked],
    ['chunked after a vertical tab', ['Transfer-Encoding:\x0bchunked'], chunked],
    ['a space before the colon', [`Content-Length : ${own.length}`], own],
    ['a folded header', ['X-Folded: a', ' Transfer-Encoding: chunked'], chunked],
    ['an invalid header name', ['Transfer\u00adEncoding: chunked'], chunked],
    ['a line without a colon', ['Transfer-Encoding'], own],
    ['a bare line feed', [`X-A: b\nContent-Length: ${own.length}`], own],
    ['a bare carriage return', [`X-A: b\rTransfer-Encoding: chunked`], own],
    ['NUL in a value', ['X-A: b\0c'], own],
    ['a negative chunk size', ['Transfer-Encoding: chunked'], `-1\r\n${own}\r\n0\r\n\r\n`],
    ['a chunk size with 0x', ['Transfer-Encoding: chunked'], `0x3\r\n${own}\r\n0\r\n\r\n`],
    ['a chunk size beyond 2^64', ['Transfer-Encoding: chunked'], `${'f'.repeat(17)}\r\n${own}`],
    [
      'a chunk that is longer than its size',
      ['Transfer-Encoding: chunked'],
      `1\r\n${own}\r\n0\r\n\r\n`,
    ],
    ['a chunk that ends with a line feed', ['Transfer-Encoding: chunked'], `1\na\n0\n\n`],
    ['a request line without a version', [], ''],
  ])('%s: gets one 400, and the connection is closed', async (_case, lines, body) => {
    const start = lines.length === 0 ? 'POST /broadcasting/auth' : undefined;
    const received = await send(lines, body + hidden, start);
    expect(responsesIn(received)).toEqual(['HTTP/1.1 400 ']);
    expect(signaturesIn(received.slice(received.indexOf('\r\n\r\n') + 4))).toEqual([]);
  });

  it.each(['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/3', 'http/1.1', 'HTTP/1.1x', 'HTTPS/1.1'])(
    'the version %s is refused',
    async (version) => {
      const received = await send([], hidden, `POST /broadcasting/auth ${version}`);
      expect(responsesIn(received)).toEqual(['HTTP/1.1 400 ']);
    },
  );

  it('a body without a length is the next request', async () => {
    const next = raw('POST /nowhere', ['Host: usher']);
    const received = await send([], next);
    expect(responsesIn(received)).toEqual(['HTTP/1.1 400 ', 'HTTP/1.1 404 ']);
  });

  it('chunks are read, and their trailers are not read as headers', async () => {
    const trailers = `${own.length.toString(16)};x=y\r\n${own}\r\n0\r\nX-Tenant-ID: 2\r\n\r\n`;
    const received = await receive(
      usher.public,
      `${['POST /broadcasting/auth HTTP/1.1', ...userLines(), 'Transfer-Encoding: chunked', 'Connection: close'].join('\r\n')}\r\n\r\n${trailers}`,
    );
    expect(received.status).toBe(200);
  });

  it('a request that is not HTTP gets an error with an id, which quotes nothing', async () => {
    const received = await receive(usher.public, `secret-of-somebody ${'x'.repeat(40)}\r\n\r\n`);
    const request_id = /x-request-id: (\S+)/.exec(received.head)?.[1];
    expect(JSON.parse(received.text)).toEqual({
      error: 'Bad Request',
      message: 'The request is not HTTP',
      request_id,
    });
    expect(received.head).not.toContain('secret');
  });

  it('a second request after an upgrade does not reach the routes', async () => {
    const upgrade = ['Connection: Upgrade', 'Upgrade: h2c', `Content-Length: ${own.length}`];
    const received = await send(upgrade, own + raw('POST /nowhere', ['Host: usher']));
    expect(responsesIn(received)).toEqual(['HTTP/1.1 200 ', 'HTTP/1.1 404 ']);
    const socket = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
    const other = await send(socket, hidden, 'GET /nowhere HTTP/1.1');
    expect(responsesIn(other)).toEqual(['HTTP/1.1 404 ']);
  });
});
