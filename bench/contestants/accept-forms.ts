import { parse } from 'node:querystring';
import type { FastifyInstance } from 'fastify';

/** Adds a parser for the form bodies of pusher-js. */
export function acceptForms(server: FastifyInstance): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => {
      done(null, parse(body as string));
    },
  );
}
