import {
  matchesPrincipal,
  isRevoked,
  type StoredRevocation,
  type RevocableConnections,
} from '../authorize/revocation/revocation.ts';
import type { ListOpenConnections, OpenConnection, Opening } from '../authorize/open-connection.ts';
import { type Principal } from '../policy/principal.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection } from './connection.ts';

/** The authenticated WebSockets of this process, so that a revocation closes them at once. */
export interface OpenConnections extends RevocableConnections {
  /** Adds a connection until it closes. Returns the function to call after each revalidation. */
  readonly add: (
    connection: Connection,
    principal: Principal,
    opening: Opening,
  ) => (recheckedAt: number, expiresAt: number) => void;
  readonly list: ListOpenConnections;
  /** The number of connections by tenant; the key of those without a tenant is `undefined`. */
  readonly byTenant: () => ReadonlyMap<string | undefined, number>;
}

export function createOpenConnections(): OpenConnections {
  const connections = new Map<Connection, OpenConnection>();
  // Revocations are rare, so a scan is cheaper than an index by subject.
  const affectedBy = ({ subject, issuedBefore }: StoredRevocation): readonly Connection[] =>
    [...connections].flatMap(([connection, { principal }]) =>
      matchesPrincipal(subject, principal) && isRevoked(principal, issuedBefore)
        ? [connection]
        : [],
    );
  return {
    add: (connection, principal, opening) => {
      const { expiresAt } = principal;
      const opened = { ...opening, principal, expiresAt, recheckedAt: undefined };
      connections.set(connection, opened);
      connection.onClose(() => {
        connections.delete(connection);
      });
      return (recheckedAt, validUntil) => {
        if (!connections.has(connection)) return;
        connections.set(connection, { ...opened, recheckedAt, expiresAt: validUntil });
      };
    },
    list: (limit) => {
      const all = [...connections.values()];
      const newest = all.slice(-limit).reverse();
      return {
        total: all.length,
        connections: newest.map(({ principal: { kind, id, tenantId }, ...opened }) => ({
          ...opened,
          principal: { kind, id, tenantId },
        })),
      };
    },
    byTenant: () => {
      const counts = new Map<string | undefined, number>();
      for (const { principal } of connections.values()) {
        const tenantId = principal.tenantId;
        counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
      }
      return counts;
    },
    count: (revocation) => affectedBy(revocation).length,
    close: (revocation) => {
      const affected = affectedBy(revocation);
      for (const connection of affected) connection.close(closeCodes.accessRevoked);
      return affected.length;
    },
  };
}
