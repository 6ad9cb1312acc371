import type { FastifyRequest } from 'fastify';

/**
 * The headers of a reverse proxy for the server behind: the client's address alone, since a client can forge a longer
 * `X-Forwarded-For`; host and scheme as a trusted proxy reports them; `Origin` and `User-Agent` unchanged. With
 * `preserveHost` also the client's `Host`, which servers compare with the `Origin`.
 */
export function forwardedHeaders(
  { host, protocol, headers }: Pick<FastifyRequest, 'host' | 'protocol' | 'headers'>,
  { address, preserveHost }: { readonly address: string; readonly preserveHost: boolean },
): Readonly<Record<string, string>> {
  const { origin, 'user-agent': userAgent } = headers;
  return {
    // A client of HTTP/1.0 may send none.
    ...(preserveHost && host !== '' && { Host: host }),
    ...(host !== '' && { 'X-Forwarded-Host': host }),
    'X-Forwarded-For': address,
    'X-Forwarded-Proto': protocol,
    ...(origin !== undefined && { Origin: origin }),
    ...(userAgent !== undefined && { 'User-Agent': userAgent }),
  };
}
