import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { send, asJson, userRequest } from '../http/requests.ts';
import { signaturesIn } from '../support/oracle.ts';
import { useUsher, userToken } from '../support/usher.ts';
import { receive, raw, userLines } from './attacker.ts';

/** Milliseconds: far more than any of these requests takes, and far less than super-linear work would take. */
const soon = 10_000;
const json = 'Content-Type: application/json';
const form = 'Content-Type: application/x-www-form-urlencoded';
/** Names with the same value of a polynomial string hash. */
const colliding = (count: number) =>
  Array.from({ length: count }, (_, i) =>
    i.toString(2).padStart(14, '0').replaceAll('0', 'Aa').replaceAll('1', 'BB'),
  );

describe('a request that is built to be expensive', () => {
  const usher = useUsher();
  const largest = 16 * 1024;

  it.each<[string, string, string]>([
    ['nested arrays', json, '['.repeat(100_000)],
    ['nested arrays, closed', json, '['.repeat(100_000) + ']'.repeat(100_000)],
    ['nested objects', json, '{"a":'.repeat(100_000)],
    ['nested objects up to the body limit', json, `${'{"a":'.repeat(2700)}1${'}'.repeat(2700)}`],
    [
      'names with colliding hashes',
      json,
      `{${colliding(500)
        .map((name) => `"${name}":1`)
        .join(',')}}`,
    ],
    [
      'fields with colliding hashes',
      form,
      colliding(500)
        .map((name) => `${name}=1`)
        .join('&'),
    ],
    ['a million fields', form, '&a=1'.repeat(1_000_000)],
    [
      'as many fields as the body limit allows',
      form,
      Array.from({ length: 3000 }, (_, i) => `${i.toString(36)}=`).join('&'),
    ],
    ['only separators', form, '&'.repeat(largest - 1)],
    ['only escapes', form, '%'.repeat(largest - 1)],
    ['a very long number', json, `{"a":${'9'.repeat(largest - 10)}}`],
    ['a very long string of escapes', json, `{"a":"${'\\u0000'.repeat(2700)}"}`],
    ['a very long string of quotes', json, `{"a":"${'\\"'.repeat(8000)}`],
    ['a body over the limit', form, `x=${'a'.repeat(10_000_000)}`],
  ])('%s: refused within the time limit', { timeout: 30_000 }, async (_case, type, body) => {
    const start = performance.now();
    const lines = userLines().filter((line) => !line.startsWith('Content-Type'));
    const response = await receive(
      usher.public,
      raw('POST /broadcasting/auth', [...lines, type], body),
    );
    expect([400, 413]).toContain(response.status);
    expect(performance.now() - start).toBeLessThan(soon);
  });

  it.each<[string, readonly string[], readonly number[]]>([
    ['a header of 1 MB', [`X-Long: ${'a'.repeat(1024 * 1024)}`], [431]],
    ['ten thousand headers', Array.from({ length: 10_000 }, (_, i) => `X-${i}: a`), [431]],
    ['a header with many cookies', [`Cookie: ${'a=b; '.repeat(2500)}`], [400]],
    ['a token of dots', [`Authorization: Bearer ${'.'.repeat(8000)}`], [400]],
  ])('%s: refused within the time limit', { timeout: 30_000 }, async (_case, lines, statuses) => {
    const start = performance.now();
    const body = 'socket_id=1.2';
    const own = lines.some((line) => line.startsWith('Authorization'))
      ? userLines().filter((line) => !line.startsWith('Authorization'))
      : userLines();
    const response = await receive(
      usher.public,
      raw('POST /broadcasting/auth', [...own, ...lines], body),
    );
    expect(statuses).toContain(response.status);
    expect(performance.now() - start).toBeLessThan(soon);
  });

  it.each<[string, string]>([
    ['hyphens', `private-hotel-${'-'.repeat(140)}`],
    ['separators', `private-hotel-${'-guest-chat-booking-'.repeat(7)}a`],
    ['dots', `private-tenant.${'.user.'.repeat(20)}`],
    ['characters over the length limit', `private-${'a'.repeat(500)}`],
  ])(
    'a channel name of %s is parsed within the time limit, and not signed',
    async (_case, channel_name) => {
      const start = performance.now();
      for (const request of [
        userRequest({ fields: { channel_name } }),
        asJson(userRequest({ fields: { channel_name } })),
      ]) {
        const response = await send(usher.public, request);
        expect([400, 403]).toContain(response.status);
        expect(signaturesIn(response.text)).toEqual([]);
      }
      expect(performance.now() - start).toBeLessThan(soon);
    },
  );

  it('does not decompress a body', async () => {
    const lines = [...userLines(), 'Content-Encoding: gzip'];

    const body = gzipSync(Buffer.alloc(10_000_000, 'a'));
    const head = raw('POST /broadcasting/auth', [...lines, `Content-Length: ${body.length}`]);
    const response = await receive(usher.public, Buffer.concat([Buffer.from(head), body]));
    expect([400, 413, 415]).toContain(response.status);
  });

  it('serves other requests as usual afterwards', async () => {
    expect((await send(usher.public, userRequest())).status).toBe(200);
    const headers = { authorization: `Bearer ${userToken()}` };
    expect((await send(usher.public, userRequest({ headers }))).status).toBe(200);
  });
});
