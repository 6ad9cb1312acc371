import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useUsher } from '../../support/usher.ts';
import { speak } from '../raw-socket.ts';
import { send } from '../requests.ts';

const get = (path: string, headers: Readonly<Record<string, string>> = {}) => ({
  method: 'GET',
  path,
  headers,
});

const directory = 'pages/operator';
const files = readdirSync(directory);

describe('the operator’s page', () => {
  const usher = useUsher();

  it('loads only its own files, and renders text as text', async () => {
    const { status, headers, text } = await send(usher.operator, get('/'));
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
    expect(policy).not.toContain('unsafe');
    const named = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file]) => file);
    expect(named).toEqual(['operator/icon.svg', 'operator/operator.css', 'operator/operator.js']);
    expect(text).not.toContain('data-token');
  });

  it('consists of the files of its directory', async () => {
    for (const file of files.filter((name) => name !== 'index.html')) {
      const { status, text } = await send(usher.operator, get(`/operator/${file}`));
      expect([file, status, text]).toEqual([
        file,
        200,
        readFileSync(join(directory, file), 'utf8'),
      ]);
    }
    expect((await send(usher.operator, get('/operator/..%2f..%2fpackage.json'))).status).toBe(404);
  });

  it.each(['/', '/operator/operator.js', '/operator/icon.svg'])(
    'sends %s again only if it has changed',
    async (path) => {
      const { headers } = await send(usher.operator, get(path));
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      const etag = headers.get('etag') ?? '';
      const again = await send(usher.operator, get(path, { 'if-none-match': `"x", W/${etag}` }));
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
      expect((await send(usher.operator, get(path, { 'if-none-match': '"x"' }))).status).toBe(200);
    },
  );

  it.each([
    ...['none.js', 'index.html', '..%2findex.html', '%2e%2e%2fdemo%2fdemo.js', 'operator.js%00'],
    ...['constructor', '__proto__', 'operator.js.map', 'OPERATOR.JS', '..%5Cpackage.json'],
  ])('has no file %s', async (name) => {
    expect([400, 404]).toContain((await send(usher.operator, get(`/operator/${name}`))).status);
  });

  it('is refused for another host, as in DNS rebinding', async () => {
    const lines = ['GET / HTTP/1.1', 'Host: evil.example', 'Connection: close', '', ''];
    expect(await speak(usher.operator, lines.join('\r\n'))).toMatch(/^HTTP\/1.1 403 /);
  });

  it('is not on the public port', async () => {
    expect((await send(usher.public, get('/operator/operator.js'))).status).toBe(404);
  });
});

describe('the operator’s page with a token', () => {
  const usher = useUsher({ OPS_TOKEN: 'operators-token-of-tests' });

  it('is sent without the token, which it asks for; everything else requires it', async () => {
    const { status, text } = await send(usher.operator, get('/'));
    expect(status).toBe(200);
    expect(text).toContain('<html data-token="needed"');
    expect((await send(usher.operator, get('/operator/operator.js'))).status).toBe(200);
    for (const path of ['/decisions', '/policy', '/metrics', '/operator', '/operator/']) {
      expect([path, (await send(usher.operator, get(path))).status]).toEqual([path, 401]);
    }
  });
});

describe.each(files.filter((file) => file.endsWith('.js')))('%s', (file) => {
  const source = readFileSync(join(directory, file), 'utf8');

  it('creates no markup from text, and stores no token', () => {
    const markup = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|eval\(/;
    expect(source).not.toMatch(markup);
    expect(source).not.toMatch(/new Function|createContextualFragment|setHTML|javascript:/);
    if (file !== 'theme.js')
      expect(source).not.toMatch(/localStorage|sessionStorage|indexedDB|document\.cookie/);
  });
});
