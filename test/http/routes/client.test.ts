import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { version } from '../../../clients/js/bundle.mjs';
import { allowedOrigin, useUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';

const path = '/usher-client.js';
const get = (headers: Readonly<Record<string, string>> = {}, query = '') => ({
  method: 'GET',
  path: path + query,
  headers,
});

describe('GET /usher-client.js', () => {
  const usher = useUsher();

  it('is a script that defines usherAuth', async () => {
    const { status, headers, text } = await send(usher.public, get());
    expect([status, headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const page: { usherAuth?: unknown } = {};
    runInNewContext(text, page);
    expect(typeof page.usherAuth).toBe('function');
  });

  it.each([
    ['without a version', '', 'public, no-cache'],
    ['of this version', `?v=${version}`, 'public, max-age=31536000, immutable'],
    ['of another version', '?v=0.0.1', 'public, no-cache'],
    ['of two versions', `?v=${version}&v=${version}`, 'public, no-cache'],
  ])('%s may be cached as long as it stays the same', async (_case, query, expected) => {
    const { headers } = await send(usher.public, get({}, query));
    expect(headers.get('cache-control')).toBe(expected);
  });

  it('gets 304 for a browser that has it', async () => {
    const etag = (await send(usher.public, get())).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{20,}"$/);
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const { status, headers, text } = await send(usher.public, get({ 'if-none-match': tag }));
      expect([tag, status, text, headers.get('etag')]).toEqual([tag, 304, '', etag]);
    }
    const other = await send(usher.public, get({ 'if-none-match': '"other"' }));
    expect(other.status).toBe(200);
  });

  it.each([
    ['gzip, deflate, br', 'gzip'],
    ['br;q=1, GZIP;q=0.5', 'gzip'],
    ['gzip;q=0', undefined],
    ['identity', undefined],
  ])('is compressed with an encoding that the client accepts: %s', async (accepted, encoding) => {
    const { headers, body } = await raw(usher.public, { 'accept-encoding': accepted });
    expect([headers['content-encoding'], headers['vary']]).toEqual([encoding, 'Accept-Encoding']);
    const script = (encoding === undefined ? body : gunzipSync(body)).toString();
    expect(script).toContain('usherAuth');
    const plain = await raw(usher.public, {});
    expect(headers['etag'] === plain.headers['etag']).toBe(encoding === undefined);
  });

  it.each([undefined, allowedOrigin, 'https://any.example'])(
    'is readable by every page: %s',
    async (origin) => {
      const { headers } = await send(usher.public, get(origin === undefined ? {} : { origin }));
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    },
  );

  it('has the same content for the same version, so that `integrity` holds', async () => {
    const hashes = [get(), get({}, `?v=${version}`)].map(async (request) =>
      createHash('sha384')
        .update((await send(usher.public, request)).text)
        .digest('base64'),
    );
    expect(new Set(await Promise.all(hashes)).size).toBe(1);
  });

  it('accepts HEAD and GET only', async () => {
    const head = await send(usher.public, { ...get(), method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await send(usher.public, { path, method: 'POST' })).status).toBe(405);
  });
});

/** A request that does not decompress the body; `fetch` would. */
function raw(base: string, headers: Readonly<Record<string, string>>) {
  return new Promise<{ headers: Readonly<Record<string, unknown>>; body: Buffer }>(
    (resolve, reject) => {
      request(base + path, { headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({ headers: response.headers, body: Buffer.concat(chunks) });
        });
      })
        .on('error', reject)
        .end();
    },
  );
}
