import type { FastifyReply, FastifyRequest } from 'fastify';
import { entityTagOf, matchesEntityTag } from './entity-tag.ts';

/** A file of a page that Usher serves. */
interface PageFile {
  readonly body: Buffer;
  /** The media type of a text in UTF-8. */
  readonly type: string;
  readonly contentSecurityPolicy: string;
}

/** Sends a file of a page. Browsers request it again each time, and get 304 if it has not changed. */
export function sendPageFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { body, type, contentSecurityPolicy }: PageFile,
): FastifyReply {
  const etag = entityTagOf(body);
  void reply.headers({
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // A browser must not mix the files of two versions.
    'cache-control': 'no-cache',
    etag,
  });
  if (matchesEntityTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type(`${type}; charset=utf-8`).send(body);
}
