import {
  matchesPrincipal,
  isRevoked,
  type StoredRevocation,
  type RevocableConnections,
} from '../authorize/revocation/revocation.ts';
import { tenantOf, type Principal } from '../policy/principal.ts';
import { closeCodes } from './close-codes.ts';
import type { Connection } from './connection.ts';

/** The connections of this process that somebody is known behind. */
export interface OpenConnections extends RevocableConnections {
  /** Keeps it until it ends. */
  readonly add: (connection: Connection, principal: Principal) => void;
  /** How many there are; `undefined` stands for those without a tenant. */
  readonly byTenant: () => ReadonlyMap<string | undefined, number>;
}

/** Creates the register of live connections, so that a revocation can end them at once. */
export function createOpenConnections(): OpenConnections {
  const connections = new Map<Connection, Principal>();
  // Revocations are rare, so looking at all is cheaper than an index of every subject.
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
        const tenantId = tenantOf(principal);
        counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
      }
      return counts;
    },
    count: (revocation) => affectedBy(revocation).length,
    close: (revocation) => {
      const affected = affectedBy(revocation);
      for (const connection of affected) connection.close(closeCodes.accessEnded);
      return affected.length;
    },
  };
}
