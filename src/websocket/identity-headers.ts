import type { TicketHolder } from '../authorize/tickets/ticket.ts';
import { principalId, tenantOf, type Principal } from '../policy/principal.ts';

/** Who a connection belongs to, as the server behind Usher is told. */
export interface Identity {
  readonly principal: Principal;
  readonly sessionId: string;
  /** What the talk is about, where a ticket says so. */
  readonly about?: Pick<TicketHolder, 'entityId' | 'entityType' | 'providerResId'>;
}

/** The header of each part. No header of a client is ever passed on under these names. */
const headerNames = {
  userId: 'X-Usher-User-Id',
  tenantId: 'X-Usher-Tenant-Id',
  roles: 'X-Usher-Roles',
  entityId: 'X-Usher-Entity-Id',
  entityType: 'X-Usher-Entity-Type',
  providerResId: 'X-Usher-Provider-Res-Id',
  sessionId: 'X-Usher-Session-Id',
} as const;

/**
 * Writes an identity as request headers; what is not known has no header. Values are percent-encoded UTF-8 as by
 * `encodeURIComponent`, roles each by itself with commas between, so that no value can end its header or add a role.
 */
export function identityHeaders({
  principal,
  sessionId,
  about = {},
}: Identity): Readonly<Record<string, string>> {
  const roles = rolesOf(principal);
  const values: Readonly<Record<keyof typeof headerNames, string | undefined>> = {
    userId: encode(principalId(principal)),
    tenantId: encode(tenantOf(principal)),
    roles: roles.length > 0 ? roles.map(encode).join(',') : undefined,
    entityId: encode(about.entityId),
    entityType: encode(about.entityType),
    providerResId: encode(about.providerResId),
    sessionId: encode(sessionId),
  };
  const names = Object.keys(headerNames) as (keyof typeof headerNames)[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[headerNames[name], value]];
    }),
  );
}

function rolesOf(principal: Principal): readonly string[] {
  if (principal.kind === 'user') return principal.roles;
  if (principal.kind !== 'visitor') return [];
  return [...(principal.isStaff ? ['staff'] : []), ...(principal.isSuperuser ? ['superuser'] : [])];
}

/** `encodeURIComponent` throws on half a surrogate pair, which a buffer turns into U+FFFD. */
function encode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : encodeURIComponent(Buffer.from(text).toString());
}
