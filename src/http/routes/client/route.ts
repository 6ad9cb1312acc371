import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { script, version } from './generated/bundle.ts';
import { entityTagOf, matchesEntityTag } from '../../output/entity-tag.ts';
import { clientDocs } from './docs.ts';

interface Representation {
  readonly body: Buffer;
  /** A strong validator (RFC 9110 §8.8.3), so each encoding has its own. */
  readonly etag: string;
}

/** Adds `GET /usher-client.js`: the client package for pages without a build. The file is public. */
export function addClient(server: FastifyInstance): void {
  const plain = representationOf(Buffer.from(script));
  const compressed = representationOf(gzipSync(script, { level: 9 }));
  server.get('/usher-client.js', { config: { docs: clientDocs } }, (request, reply) => {
    const { headers, query } = request;
    const isCompressed = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(
      headers['accept-encoding'] ?? '',
    );
    const { body, etag } = isCompressed ? compressed : plain;
    // Of another version only this one is here, and a cache must not keep it under that name.
    const isThisVersion = (query as { readonly v?: unknown }).v === version;
    void reply.removeHeader('access-control-allow-credentials').headers({
      // Any page may load the file, also with `crossorigin`, as `integrity` requires.
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': isThisVersion ? 'public, max-age=31536000, immutable' : 'public, no-cache',
      vary: 'Accept-Encoding',
      etag,
    });
    if (matchesEntityTag(headers['if-none-match'], etag)) return reply.code(304).send();
    if (isCompressed) void reply.header('content-encoding', 'gzip');
    return reply
      .type('text/javascript; charset=utf-8')
      .header('x-content-type-options', 'nosniff')
      .send(body);
  });
}

function representationOf(body: Buffer): Representation {
  return { body, etag: entityTagOf(body) };
}
