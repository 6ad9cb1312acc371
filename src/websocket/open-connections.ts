import {
  matchesPrincipal,
  isRevoked,
  type StoredRevocation,
  type RevocableConnections,
} from '../authorize/revocation/revocation.ts';
import { type Principal } from '../policy/principal.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection } from './connection.ts';

/** The authenticated WebSockets of this process, so that a revocation closes them at once. */
export interface OpenConnections extends RevocableConnections {
  /** Adds a connection until it closes. */
  readonly add: (connection: Connection, principal: Principal) => void;
  /** The number of connections by tenant; the key of those without a tenant is `undefined`. */
  readonly byTenant: () => ReadonlyMap<string | undefined, number>;
}

export function createOpenConnections(): OpenConnections {
  const connections = new Map<Connection, Principal>();
  // Revocations are rare, so a scan is cheaper than an index by subject.
  const affectedBy = ({ subject, issuedBefore }: StoredRevocation): readonly Connection[] =>
    [...connections].flatMap(([connection, principal]) =>
      matchesPrincipal(subject, principal) && isRevoked(principal, issuedBefore)
        ? [connection]
        : [],
    );
  return {
    add: (connection, principal) => {
      connections.set(connection, principal);
      connection.onClose(() => {
        connections.delete(connection);
      });
    },
    byTenant: () => {
      const counts = new Map<string | undefined, number>();
      for (const principal of connections.values()) {
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
