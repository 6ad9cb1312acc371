import {
  concerns,
  isRevoked,
  type HeldRevocation,
  type RevocableConnections,
} from '../authorize/revocation/revocation.ts';
import { tenantOf, type Principal } from '../policy/principal.ts';
import { endings } from './close-codes.ts';
import type { Connection } from './connection.ts';

/** The connections of this process that somebody is known behind. */
export interface LiveConnections extends RevocableConnections {
  /** Keeps it until it ends. */
  readonly add: (connection: Connection, principal: Principal) => void;
  /** How many there are; `undefined` stands for those without a tenant. */
  readonly byTenant: () => ReadonlyMap<string | undefined, number>;
}

/** Creates the register of live connections, so that a revocation can end them at once. */
export function createLiveConnections(): LiveConnections {
  const live = new Map<Connection, Principal>();
  // Revocations are rare, so looking at all is cheaper than an index of every subject.
  const concernedBy = ({ subject, issuedBefore }: HeldRevocation): readonly Connection[] =>
    [...live].flatMap(([connection, principal]) =>
      concerns(subject, principal) && isRevoked(principal, issuedBefore) ? [connection] : [],
    );
  return {
    add: (connection, principal) => {
      live.set(connection, principal);
      connection.onEnd(() => {
        live.delete(connection);
      });
    },
    byTenant: () => {
      const counts = new Map<string | undefined, number>();
      for (const principal of live.values()) {
        const tenantId = tenantOf(principal);
        counts.set(tenantId, (counts.get(tenantId) ?? 0) + 1);
      }
      return counts;
    },
    count: (revocation) => concernedBy(revocation).length,
    end: (revocation) => {
      const concerned = concernedBy(revocation);
      for (const connection of concerned) connection.end(endings.accessEnded);
      return concerned.length;
    },
  };
}
