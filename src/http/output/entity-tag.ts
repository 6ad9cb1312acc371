import { createHash } from 'node:crypto';

/** A strong validator of a body (RFC 9110 §8.8.3). Each encoding of a file has its own. */
export function entityTagOf(body: Buffer): string {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 27);
  return `"${hash}"`;
}

/** Whether `If-None-Match` has this tag (RFC 9110 §13.1.2): a list or `*`, compared weakly. */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
  const tags = header?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}
