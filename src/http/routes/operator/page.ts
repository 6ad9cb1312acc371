import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

const directory = fileURLToPath(new URL('../../../../pages/operator/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The page loads and connects to nothing but the operator's port. Trusted types make the browser refuse text from
 * visitors as markup, even if a script of the page had such a mistake.
 */
const contentSecurityPolicy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join('; ');

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // A browser must not mix the files of two versions.
  'cache-control': 'no-cache',
};

/** The route configuration of a file of the page. The files contain no data. */
const config = { isOpenWithToken: true };

/**
 * Adds `GET /`, the operator's page, and its files below `/operator/`. If a token is needed, the page asks for it before
 * its first request, which would be recorded as a failed authentication.
 */
export function addOperatorPage(server: FastifyInstance, needsToken: () => boolean): void {
  const index = readFileSync(join(directory, 'index.html'), 'utf8');
  const indexWithToken = index.replace('<html', '<html data-token="needed"');
  server.get('/', { config }, (_request, reply) =>
    reply
      .headers(headers)
      .type('text/html; charset=utf-8')
      .send(needsToken() ? indexWithToken : index),
  );
  for (const file of readdirSync(directory)) {
    const type = types[extname(file)];
    if (type === undefined) continue;
    const body = readFileSync(join(directory, file));
    server.get(`/operator/${file}`, { config }, (_request, reply) =>
      reply.headers(headers).type(type).send(body),
    );
  }
}
