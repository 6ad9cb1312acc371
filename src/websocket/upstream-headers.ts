import type { FastifyRequest } from 'fastify';
import type { TicketHolder } from '../authorize/tickets/ticket.ts';
import { headerValue } from '../http/output/header-value.ts';
import { type Principal } from '../policy/principal.ts';

/**
 * The headers of a reverse proxy: only the address of the client, since clients can forge a longer `X-Forwarded-For`;
 * host and scheme as a trusted proxy reports them; `Origin` and `User-Agent` unchanged. With `preserveHost` also the
 * client's `Host`, which servers compare with the `Origin`.
 */
export function forwardedHeaders(
  { host, protocol, headers }: Pick<FastifyRequest, 'host' | 'protocol' | 'headers'>,
  { address, preserveHost }: { readonly address: string; readonly preserveHost: boolean },
): Readonly<Record<string, string>> {
  const { origin, 'user-agent': userAgent } = headers;
  return {
    // HTTP/1.0 clients may send no `Host`.
    ...(preserveHost && host !== '' && { Host: host }),
    ...(host !== '' && { 'X-Forwarded-Host': host }),
    'X-Forwarded-For': address,
    'X-Forwarded-Proto': protocol,
    ...(origin !== undefined && { Origin: origin }),
    ...(userAgent !== undefined && { 'User-Agent': userAgent }),
  };
}

/** The identity behind a connection, for the upstream server. */
interface Identity {
  readonly principal: Principal;
  readonly sessionId: string;
  /** The entity of a ticket. */
  readonly about?: Pick<TicketHolder, 'entityId' | 'entityType' | 'providerResId'>;
}

/**
 * The identity as request headers, without those that have no value. No header of a client is forwarded under these
 * names. Values are percent-encoded UTF-8 as by `encodeURIComponent`, and roles are separated by commas, so no value
 * can end its header or add a role.
 */
export function identityHeaders({
  principal,
  sessionId,
  about = {},
}: Identity): Readonly<Record<string, string>> {
  const headers: readonly (readonly [string, string | undefined])[] = [
    ['X-Usher-User-Id', encode(principal.id)],
    ['X-Usher-Tenant-Id', encode(principal.tenantId)],
    ['X-Usher-Roles', principal.roles.map(headerValue).join(',') || undefined],
    ['X-Usher-Entity-Id', encode(about.entityId)],
    ['X-Usher-Entity-Type', encode(about.entityType)],
    ['X-Usher-Provider-Res-Id', encode(about.providerResId)],
    ['X-Usher-Session-Id', encode(sessionId)],
  ];
  return Object.fromEntries(
    headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function encode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : headerValue(text);
}
