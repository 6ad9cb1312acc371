import type { FastifyRequest } from 'fastify';

/**
 * What the server behind is told of the client's request, as by other reverse proxies: the client's address alone, since
 * anybody may write a longer `X-Forwarded-For`; host and scheme as a trusted proxy reports them; `Origin` and `User-Agent` as
 * they came. With `preserveHost` the client's `Host` is sent too, which servers compare with the `Origin`.
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
