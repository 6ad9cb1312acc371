import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { sendPageFile } from '../../output/page-file.ts';
import { RequestProblem } from '../../output/problem.ts';
import { packagePath } from '../../../runtime/package-path.ts';

const directory = packagePath('pages', 'operator');

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
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

/** The route configuration of a file of the page. The files contain no data. */
const config = { isOpenWithToken: true };

/**
 * Adds `GET /`, the operator's page, and its files below `/operator/`. If a token is needed, the page prompts for it before
 * its first request, which would be recorded as a failed authentication.
 */
export function addOperatorPage(server: FastifyInstance, needsToken: () => boolean): void {
  const read = (file: string): Buffer => readFileSync(join(directory, file));
  const indexConfig = { ...config, isOpenByLink: true };
  server.get('/', { config: indexConfig }, (request, reply) => {
    const index = read('index.html').toString();
    const shown = needsToken() ? index.replace('<html', '<html data-token="needed"') : index;
    const body = Buffer.from(shown);
    return sendPageFile(request, reply, { body, type: 'text/html', contentSecurityPolicy });
  });
  server.get<{ Params: { file: string } }>('/operator/:file', { config }, (request, reply) => {
    const { file } = request.params;
    const type = types[extname(file)];
    // Only a name in the list becomes a part of a path.
    if (type === undefined || !readdirSync(directory).includes(file)) {
      throw new RequestProblem(404, 'The page has no such file');
    }
    return sendPageFile(request, reply, { body: read(file), type, contentSecurityPolicy });
  });
}
