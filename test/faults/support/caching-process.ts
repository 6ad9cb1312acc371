import { createAuditWriter } from '../../../src/audit/writer.ts';
import { cacheReads, createFindFact } from '../../../src/facts/fact-sources.ts';
import { buildFacts } from '../../../src/facts/build-facts.ts';
import { noSources } from '../../support/fact-page.ts';
import { order as orders } from '../../support/fact-kinds.ts';
import { createTableCache } from '../../../src/database/cache/freshness.ts';
import type { Database } from '../../../src/database/client.ts';
import { createRevocations } from '../../../src/database/repositories/revocations.ts';

/** A process of Usher as far as it caches facts. */
export function startCachingProcess(database: Database) {
  const tables = createTableCache({ now: Date.now, lookups: { hits: 0, misses: 0 } });
  const revocations = createRevocations(database);
  const { readRow } = cacheReads({ ...buildFacts(database, noSources).reads, revocations }, tables);
  const find = createFindFact(readRow);
  const ownerOf = async (id: string) =>
    (await find(orders, [id], {}))?.['owner_id'] as string | undefined;
  const write = createAuditWriter(database, tables);
  return {
    /** Decides until the decision is written, and resolves to the owner that it was made with. */
    decide: async (orderId: string): Promise<string | undefined> => {
      for (;;) {
        const cacheVersion = tables.version();
        const owner = await ownerOf(orderId);
        const decision = {
          decisionId: crypto.randomUUID(),
          requestId: 'r',
          address: '::1',
          at: 0,
          ...({ action: 'subscribe', outcome: 'grant', checks: [] } as const),
        };
        const [isWritten] = await write([
          { decision, signals: [], ...(cacheVersion !== undefined && { cacheVersion }) },
        ]);
        if (isWritten) return owner;
      }
    },
    /** Reads an order into the cache. Writes no row, so PostgreSQL flushes nothing. */
    readOrder: async (orderId: string): Promise<string | undefined> => {
      await write([]);
      return ownerOf(orderId);
    },
  };
}
