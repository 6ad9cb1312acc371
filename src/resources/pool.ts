import type { Client, PoolConfig } from 'pg';
import { Pool } from 'pg';

/** A pool that does not lend a connection again whose transaction is still open. */
export function createPool(config: PoolConfig): Pool {
  const pool = new Pool(config);
  // A connection that breaks while nobody uses it is an event, which ends the process when nobody listens.
  pool.on('error', () => undefined);
  pool.on('release', (_error, client) => {
    // When a server freezes within a transaction, its ROLLBACK times out as well, and adapter-pg gives the connection back
    // as it is. The next borrower would work inside that transaction: with its tenant, and without ever a COMMIT.
    if (client.getTransactionStatus() !== 'I') void (client as unknown as Client).end();
  });
  return pool;
}
