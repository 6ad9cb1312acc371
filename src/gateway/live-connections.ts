import type { Principal } from '../core/principal.ts';
import { concerns, isRevoked, type EndConnections } from '../core/revocation.ts';
import type { Connection } from './connection.ts';
import { endings } from './endings.ts';

/** The connections of this process that somebody is known behind. */
export interface LiveConnections {
  /** Keeps it until it ends. */
  readonly add: (connection: Connection, principal: Principal) => void;
  readonly end: EndConnections;
}

/** Creates the register of live connections, so that a revocation can end them at once. */
export function createLiveConnections(): LiveConnections {
  const live = new Map<Connection, Principal>();
  return {
    add: (connection, principal) => {
      live.set(connection, principal);
      connection.onEnd(() => {
        live.delete(connection);
      });
    },
    // Revocations are rare, so looking at all is cheaper than an index of every subject.
    end: (subject, issuedBefore) => {
      const concerned = [...live].filter(
        ([, principal]) => concerns(subject, principal) && isRevoked(principal, issuedBefore),
      );
      for (const [connection] of concerned) connection.end(endings.accessEnded);
      return concerned.length;
    },
  };
}
